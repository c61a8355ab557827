// Elements as buttons, the steps of thought, and the card that tells about one element.
const KINDS = { scene: "seen", plan: "decided", section: "section", bar: "bar", note: "note", exemplar: "exemplar", request: "asked" };

function chip(id, text) {
  const element = lookup(id);
  const value = text === undefined && element.value ? make("span", { class: "value" }, element.value) : null;
  const dot = element.map >= 0 ? "chip mapped" : "chip";
  return make("button", { type: "button", class: `${dot} ${element.kind}`, "data-id": id, "aria-pressed": "false" }, text ?? element.label, value);
}

function chips(kind, prefix = "") {
  const some = data.elements.filter((element) => element.kind === kind && element.id.startsWith(prefix));
  return some.length ? make("div", { class: "chips" }, some.map((element) => chip(element.id))) : null;
}

// Words of a text that name an element, longest first, so that they can be pointed at too.
function namesOf(kinds) {
  const names = new Map();
  for (const element of data.elements.filter((one) => kinds.includes(one.kind)))
    for (const name of [element.label, element.value])
      if (/^\p{L}[\p{L} '’-]{2,40}$/u.test(name) && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), element.id);
  return names;
}

function escaped(name) {
  return name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function worded(text, kinds) {
  const names = namesOf(kinds);
  if (!names.size) return [text];
  const sorted = [...names.keys()].sort((a, b) => b.length - a.length).map(escaped);
  const pattern = new RegExp(`(?<![\\p{L}])(${sorted.join("|")})(?![\\p{L}])`, "giu");
  return text.split(pattern).map((piece, index) =>
    index % 2 ? make("span", { class: "word", "data-id": names.get(piece.toLowerCase()) }, piece) : piece);
}

// A square for each bar, so that what lights up is seen while the score is out of view.
function strip() {
  const square = (bar) => make("span", { "data-id": `bar.${bar.number}`, title: `bar ${bar.number}` });
  const groups = [...new Set(data.bars.map((bar) => bar.section))];
  const inGroup = (group) => data.bars.filter((bar) => bar.section === group).map(square);
  return make("div", { class: "strip", "aria-hidden": "true" }, groups.map((group) => make("span", { class: "group" }, inGroup(group))));
}

const STEP_KINDS = [["scene"], ["plan", "scene"], ["plan", "scene", "section"]];

function steps() {
  return data.steps.map(([heading, text], index) => {
    const kinds = STEP_KINDS[Math.min(index, STEP_KINDS.length - 1)];
    const paragraphs = text.split(/\n+/).filter(Boolean).map((one) => make("p", {}, worded(one, kinds)));
    return make("li", { class: "step" }, make("h3", {}, heading), paragraphs, index < 2 ? chips(kinds[0]) : chips("section"));
  });
}

// What a set of ids is called: bars as ranges, the rest by their labels.
function namesFor(ids) {
  const bars = ids.filter((id) => id.startsWith("bar.")).map((id) => Number(id.slice(4)));
  const rest = ids.filter((id) => !id.startsWith("bar.") && !id.startsWith("note.")).map((id) => lookup(id).label);
  return [...new Set(rest), bars.length ? `${bars.length > 1 ? "bars" : "bar"} ${ranges(bars)}` : ""].filter(Boolean).join(", ");
}

function sourceOf(link) {
  const { kind, label } = lookup(link.source);
  return { request: `your request (${label})`, section: `section ${label}`.replace("section section", "section") }[kind] ?? label;
}

function reason(link) {
  const cite = link.citation ? make("span", { class: "cite" }, ` [${link.citation}]`) : null;
  return make("li", {}, make("b", {}, sourceOf(link)), link.text ? ` ${link.text}` : "", cite);
}

function checked(check) {
  if (!check) return make("p", { class: "check" }, "No check was made for this map.");
  const numbers = `Hidden first: ${check.deletion.toFixed(2)} is left of the outcome (random places ${check.random_deletion.toFixed(2)}); `
    + `shown first: ${check.insertion.toFixed(2)} (random ${check.random_insertion.toFixed(2)}).`;
  const sanity = check.sanity === null ? "" : ` Likeness to an untrained network's map: ${check.sanity.toFixed(2)}; it should be near 0.`;
  return make("div", { class: "check" }, check.text ? make("p", {}, check.text) : null, curves(check), make("p", { class: "fine" }, numbers + sanity));
}

function card(element) {
  const because = (toward.get(element.id) ?? []).filter((link) => !link.implied || element.kind === "bar");
  const shaped = namesFor((from.get(element.id) ?? []).map((link) => link.target));
  const beyond = namesFor([...effectsOf(element.id)].filter((id) => id.startsWith("bar.")));
  return [
    make("p", { class: "kind" }, KINDS[element.kind] ?? element.kind),
    make("h2", {}, element.label, element.value ? make("span", { class: "value" }, element.value) : null),
    further(element, because).map((line) => make("p", {}, line)),
    because.length ? make("ul", { class: "because" }, because.map(reason)) : null,
    shaped ? make("p", {}, make("b", {}, "It shaped "), shaped, beyond && !shaped.includes("bar") ? `; through them ${beyond}` : "") : null,
    element.map < 0 ? make("p", { class: "absent" }, element.absent || "No map was made for this.") : null,
    element.map >= 0 && element.method ? make("p", { class: "fine" }, `Map: ${element.method}`) : null,
    element.map >= 0 ? checked(element.check) : null,
    element.map >= 0 ? make("p", { class: "caution" }, data.caution) : null,
  ].flat().filter(Boolean);
}

// What the text of an element says beyond its links.
function further(element, links) {
  const told = links.map((link) => link.text).filter(Boolean);
  return element.text.split(/\n+/).filter((line) => line && !told.some((text) => line.includes(text)));
}

function greeting() {
  return [
    make("h2", {}, "Point at anything"),
    make("p", {}, "A word, a decision, a bar: the map shows where in the picture it comes from, and what belongs together lights up. Press a decision to keep it; press a bar to play from there."),
    make("p", {}, make("span", { class: "key cause" }, "What it comes from"), " ", make("span", { class: "key effect" }, "what it shaped")),
    make("p", { class: "caution" }, data.caution),
  ];
}
