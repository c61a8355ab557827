// The score, drawn by abcjs, and a field over each bar that can be pointed at, focused and pressed.
const fields = new Map(); // number of a bar -> its rectangle and where it lies in the drawing

// The title stands above the page already; a comment of the same length keeps every position.
function withoutTitle(abc) {
  return abc.replace(/^[TC]:/gm, "%:");
}

function beats(meter, otherwise) {
  const [first] = meter?.value ?? [];
  if (first) return Number(first.num) / Number(first.den);
  return ["common_time", "cut_time"].includes(meter?.type) ? 1 : otherwise;
}

// abcjs draws "Z" as a rest of many bars that is as long as a whole note; here it rests for one bar.
function restForABar(tune) {
  const { num, den } = tune.getMeterFraction();
  const lengths = new Map(); // by staff and voice: a meter holds until the next one
  for (const staffs of tune.lines.map((line) => line.staff ?? []))
    for (const [row, staff] of staffs.entries())
      for (const [index, voice] of staff.voices.entries()) {
        const key = `${row}.${index}`;
        let length = beats(staff.meter, lengths.get(key) ?? num / den);
        for (const element of voice) {
          if (element.el_type === "meter") length = beats(element, length);
          if (element.rest?.type === "multimeasure" && Number(element.rest.text) === 1)
            Object.assign(element, { rest: { type: "whole" }, duration: length });
        }
        lengths.set(key, length);
      }
}

function engrave(place, abc, width, label) {
  const options = { add_classes: true, responsive: "resize", foregroundColor: "currentColor", ariaLabel: label, afterParsing: restForABar };
  const space = { paddingtop: 4, paddingbottom: 4, paddingleft: 2, paddingright: 2 };
  const draw = (staffwidth) => window.ABCJS.renderAbc(place, withoutTitle(abc), { ...options, ...space, staffwidth })[0];
  let tune = draw(width);
  // A crowded line runs over the margin: then all lines get its width.
  for (let tries = 0; tries < 3; tries++) {
    const svg = place.querySelector("svg");
    const box = svg?.getBBox();
    if (!box || box.x + box.width <= svg.viewBox.baseVal.width + 1) break;
    width = Math.ceil(box.x + box.width);
    tune = draw(width);
  }
  return tune;
}

function spanIndex() {
  const spans = data.bars.flatMap((bar) => bar.spans.map(([start, end]) => ({ start, end, bar: bar.number })));
  spans.sort((a, b) => a.start - b.start);
  return (at) => {
    let [low, high] = [0, spans.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (at < spans[middle].start) high = middle - 1;
      else if (at >= spans[middle].end) low = middle + 1;
      else return spans[middle].bar;
    }
    return 0;
  };
}

function boxOf(element) {
  const nodes = element.abselem?.elemset ?? [];
  const boxes = nodes.filter((node) => node.getBBox).map((node) => node.getBBox()).filter((box) => box.width || box.height);
  return boxes.length ? united(boxes) : null;
}

function united(boxes) {
  const left = Math.min(...boxes.map((box) => box.x));
  const top = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

// Where each bar of one system lies: between bar lines, from the top of all staves to their bottom.
function barsOfSystem(line, barAt) {
  const voices = line.staff.flatMap((staff) => staff.voices);
  const boxes = new Map();
  const lines = [];
  for (const [index, voice] of voices.entries()) {
    for (const element of voice) {
      const box = boxOf(element);
      if (!box) continue;
      if (element.el_type === "bar") lines.push({ ...box, first: index === 0 });
      else if (element.el_type === "note") {
        const bar = barAt((element.startChar + element.endChar) >> 1);
        if (bar) boxes.set(bar, [...(boxes.get(bar) ?? []), box]);
      }
    }
  }
  const all = [...lines, ...[...boxes.values()].flat()];
  const whole = all.length ? united(all) : null;
  return [...boxes].map(([bar, found]) => [bar, bounded(united(found), lines, whole)]);
}

function bounded(notes, lines, whole) {
  const middle = notes.x + notes.width / 2;
  const before = lines.map((line) => line.x + line.width).filter((x) => x <= middle);
  const after = lines.map((line) => line.x).filter((x) => x > middle);
  const left = before.length ? Math.max(...before) : notes.x - 6;
  const right = after.length ? Math.min(...after) : notes.x + notes.width + 6;
  return { x: left, y: whole.y - 3, width: Math.max(right - left, 4), height: whole.height + 6 };
}

function addField(layer, number, box) {
  const id = `bar.${number}`;
  const { x, y, width, height } = box;
  const attributes = { class: "bar", "data-id": id, role: "button", tabindex: fields.size ? -1 : 0, rx: 4 };
  const field = shape("rect", { ...attributes, x, y, width, height, "aria-label": `${lookup(id).label}, play from here` });
  layer.append(field);
  fields.set(number, { field, box });
}

// Notes that are elements of their own get their id; for abcjs a note begins with the space before it.
function nameNotes(tune) {
  const notes = data.elements.filter((element) => element.span);
  const at = new Map(notes.map((element) => [element.span[0], element.id]));
  const drawn = tune.lines.flatMap((line) => line.staff ?? []).flatMap((staff) => staff.voices).flat();
  for (const element of notes.length ? drawn.filter((one) => one.el_type === "note") : [])
    for (let place = element.startChar; place < element.endChar; place++)
      if (at.has(place)) element.abselem?.elemset?.forEach((node) => node.setAttribute("data-id", at.get(place)));
}

function drawScore(place) {
  const tune = engrave(place, data.abc, 860, `Score of ${data.title}`);
  const svg = place.querySelector("svg");
  if (!svg || !tune) return;
  const barAt = spanIndex();
  const found = tune.lines.filter((line) => line.staff).flatMap((line) => barsOfSystem(line, barAt));
  const cursor = shape("line", { class: "cursor", visibility: "hidden" });
  const layer = shape("g", { role: "group", "aria-label": "Bars of the score" });
  svg.prepend(layer);
  for (const [number, box] of found.sort((a, b) => a[0] - b[0])) addField(layer, number, box);
  nameNotes(tune);
  svg.append(cursor);
}

function moveCursor(number, share) {
  const cursor = document.querySelector(".score .cursor");
  const here = fields.get(number);
  if (!cursor) return;
  cursor.setAttribute("visibility", here ? "visible" : "hidden");
  if (!here) return;
  const x = here.box.x + here.box.width * (calm.matches ? 0 : share);
  for (const [name, value] of Object.entries({ x1: x, x2: x, y1: here.box.y, y2: here.box.y + here.box.height }))
    cursor.setAttribute(name, value);
}
