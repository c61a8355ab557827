// Two things that can play: the recording inside the page, or oscillators playing the notes.
// Both have play(), pause(), seek(seconds), and now, length, playing.
const AHEAD = 0.4; // seconds that notes are handed to the oscillators before they sound
const FADE = 0.04;

function recording(uri, onend, onfail) {
  const audio = make("audio", { src: uri, preload: "auto", ended: onend, error: onfail });
  return {
    name: "recording",
    get now() { return audio.currentTime; },
    get length() { return audio.duration || 0; },
    get playing() { return !audio.paused; },
    play() { audio.play().catch(onfail); },
    pause() { audio.pause(); },
    seek(seconds) { audio.currentTime = seconds; },
  };
}

function canPlayOgg() {
  return make("audio").canPlayType('audio/ogg; codecs="vorbis"') !== "";
}

// A timbre for a General MIDI family of eight programs: shape, attack, and share of the level that is held.
function timbre(program) {
  if (program < 24) return { type: "triangle", attack: 0.005, held: 0.25 }; // keys, bells, organ
  if (program < 32) return { type: "sawtooth", attack: 0.005, held: 0.2 }; // guitar
  if (program < 40) return { type: "triangle", attack: 0.01, held: 0.5 }; // bass
  if (program < 56) return { type: "sawtooth", attack: 0.06, held: 0.8 }; // strings, choir
  if (program < 72) return { type: "square", attack: 0.03, held: 0.7 }; // brass, reeds
  return { type: "sine", attack: 0.03, held: 0.8 }; // pipes and the rest
}

function noise(context) {
  const buffer = context.createBuffer(1, context.sampleRate / 4, context.sampleRate);
  const samples = buffer.getChannelData(0);
  for (let index = 0; index < samples.length; index++) samples[index] = Math.random() * 2 - 1;
  return buffer;
}

function struck(context, out, at, pitch, volume, hiss) {
  const source = context.createBufferSource();
  const filter = context.createBiquadFilter();
  const gain = context.createGain();
  source.buffer = hiss;
  filter.type = pitch < 37 ? "lowpass" : "highpass";
  filter.frequency.value = pitch < 37 ? 160 : 2500;
  gain.gain.setValueAtTime(volume * (pitch < 37 ? 2 : 0.5), at);
  gain.gain.exponentialRampToValueAtTime(0.001, at + 0.15);
  source.connect(filter).connect(gain).connect(out);
  source.start(at);
  source.stop(at + 0.2);
}

function sung(context, out, at, length, pitch, volume, program) {
  const { type, attack, held } = timbre(program);
  const tone = context.createOscillator();
  const soft = context.createBiquadFilter();
  const gain = context.createGain();
  tone.type = type;
  tone.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
  soft.frequency.value = Math.min(6 * tone.frequency.value, 5000);
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(volume, at + attack);
  gain.gain.linearRampToValueAtTime(volume * held, at + attack + Math.max(length - attack, 0.05));
  gain.gain.linearRampToValueAtTime(0, at + attack + Math.max(length - attack, 0.05) + FADE);
  tone.connect(soft).connect(gain).connect(out);
  tone.start(at);
  tone.stop(at + length + attack + 0.1 + FADE);
}

function oscillators(notes, voices, onend) {
  const length = notes.reduce((end, [start, lasts]) => Math.max(end, start + lasts), 0);
  const level = 0.5 / Math.sqrt(Math.max(voices.length, 1));
  let [context, out, hiss, timer, begun, place, next] = [null, null, null, 0, 0, 0, 0];
  const now = () => (out ? Math.min(place + Math.max(context.currentTime - begun, 0), length) : place);

  function schedule() {
    const until = now() + AHEAD;
    for (; next < notes.length && notes[next][0] < until; next++) {
      const [start, lasts, pitch, velocity, voice] = notes[next];
      if (start < place - 0.01) continue;
      const volume = level * (velocity / 127) ** 1.5;
      const at = begun + start - place;
      if (voices[voice].drums) struck(context, out, at, pitch, volume, hiss);
      else sung(context, out, at, lasts, pitch, volume, voices[voice].program);
    }
    if (now() >= length) { stop(); place = 0; onend(); }
  }

  function stop() {
    if (!out) return;
    place = now();
    clearInterval(timer);
    out.disconnect();
    out = null;
  }

  function play() {
    context ??= new AudioContext();
    hiss ??= noise(context);
    context.resume();
    out = context.createGain();
    out.connect(context.destination);
    [begun, next] = [context.currentTime + 0.05, 0];
    timer = setInterval(schedule, 100);
    schedule();
  }

  return {
    name: "oscillators",
    get now() { return now(); },
    get length() { return length; },
    get playing() { return out !== null; },
    play,
    pause: stop,
    seek(seconds) { const on = out !== null; stop(); place = Math.min(seconds, length); if (on) play(); },
  };
}
