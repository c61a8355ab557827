// Play and pause, the place in the piece, and the cursor over the bars.
const playings = data.bars
  .flatMap((bar) => bar.times.map(([start, end]) => ({ start, end, bar: bar.number })))
  .sort((a, b) => a.start - b.start);

function playingAt(seconds) {
  let found = null;
  for (const one of playings) {
    if (one.start > seconds + 0.001) break;
    found = one;
  }
  return found;
}

class Player {
  constructor(onbar) {
    this.onbar = onbar;
    this.bar = 0;
    this.button = make("button", { class: "play", type: "button", click: () => this.toggle(), "aria-keyshortcuts": "Space" });
    this.slider = make("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": "place in the piece", input: () => this.slide() });
    this.place = make("span", { class: "place" });
    this.note = make("span", { class: "sounding" });
    this.source = data.sound && canPlayOgg() ? recording(data.sound, () => this.ended(), () => this.fallBack()) : this.synth();
    this.refresh();
  }

  get able() {
    return this.source.name === "recording" || data.notes.length > 0;
  }

  get length() {
    return this.source.length || playings.reduce((end, one) => Math.max(end, one.end), 0);
  }

  synth() {
    return oscillators(data.notes, data.voices, () => this.ended());
  }

  // A browser may say that it can play a recording, and fail.
  fallBack() {
    if (this.source.name !== "recording") return;
    this.source = this.synth();
    this.refresh();
  }

  toggle() {
    if (this.source.playing) this.source.pause();
    else this.source.play();
    this.follow();
  }

  playBar(number) {
    const first = playings.find((one) => one.bar === number);
    if (!first) return;
    this.source.seek(first.start + 0.005);
    if (!this.source.playing) this.source.play();
    this.follow();
  }

  slide() {
    this.source.seek((this.slider.value / 1000) * this.length);
    this.refresh();
  }

  ended() {
    this.onbar(0);
    this.refresh();
  }

  follow() {
    this.refresh();
    if (this.source.playing) requestAnimationFrame(() => this.follow());
  }

  refresh() {
    const [now, playing] = [this.source.now, this.source.playing];
    const here = playing || now > 0 ? playingAt(now) : null;
    const number = here ? here.bar : 0;
    const label = playing ? "Pause" : "Play";
    if (this.button.textContent !== label) this.button.textContent = label;
    this.button.disabled = !this.able;
    this.slider.value = this.length ? (1000 * now) / this.length : 0;
    this.slider.setAttribute("aria-valuetext", `${clock(now)}${number ? `, bar ${number}` : ""}`);
    this.place.textContent = `${clock(now)} / ${clock(this.length)}${number ? ` · bar ${number}` : ""}`;
    this.note.textContent = this.remark();
    moveCursor(number, here ? Math.min((now - here.start) / Math.max(here.end - here.start, 0.01), 1) : 0);
    if (number !== this.bar) this.onbar(number);
    this.bar = number;
  }

  remark() {
    if (!this.able) return "There is nothing to play.";
    if (this.source.name === "recording") return "";
    if (data.left_out) return "The recording is too long for a page; oscillators play the notes.";
    return data.sound ? "This browser does not play Ogg; oscillators play the notes." : "Oscillators play the notes.";
  }
}
