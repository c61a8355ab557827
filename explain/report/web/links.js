// What leads to what: the links of the explanation, and those that follow from where things stand.
const known = new Map(data.elements.map((element) => [element.id, element]));
const barOf = new Map(data.bars.map((bar) => [bar.number, bar]));
const toward = new Map();
const from = new Map();

function join(link) {
  if (!from.has(link.source)) from.set(link.source, []);
  if (!toward.has(link.target)) toward.set(link.target, []);
  from.get(link.source).push(link);
  toward.get(link.target).push(link);
}

function joinAll() {
  const stated = new Set(data.links.map((link) => `${link.source}>${link.target}`));
  const implied = [];
  for (const bar of data.bars) implied.push([`section.${bar.section}`, `bar.${bar.number}`]);
  for (const snippet of data.snippets)
    for (const number of snippet.bars) implied.push([exemplarId(snippet), `bar.${number}`]);
  data.links.forEach(join);
  for (const [source, target] of implied)
    if (!stated.has(`${source}>${target}`)) join({ source, target, text: "", weight: 1, citation: "", implied: true });
}

function exemplarId(snippet) {
  return `exemplar.${snippet.id}`;
}

// Everything that can be reached along links, in one direction.
function reach(id, edges, end) {
  const found = new Set();
  const open = [id];
  while (open.length) {
    for (const link of edges.get(open.pop()) ?? []) {
      if (found.has(link[end]) || link[end] === id) continue;
      found.add(link[end]);
      open.push(link[end]);
    }
  }
  return found;
}

const causesOf = (id) => reach(id, toward, "source");
const effectsOf = (id) => reach(id, from, "target");

// An element by its id; a bar, a section or an exemplar that is no element gets what its place says.
function lookup(id) {
  if (known.has(id)) return known.get(id);
  const [kind, number] = [id.split(".")[0], Number(id.split(".").pop())];
  const blank = { id, kind, label: id, value: "", text: "", map: -1, method: "", absent: "", check: null };
  if (kind === "bar" && barOf.has(number)) {
    const section = lookup(`section.${barOf.get(number).section}`);
    const method = section.map < 0 ? "" : `the map of ${section.label}: ${section.method}`;
    return { ...blank, label: `bar ${number}`, map: section.map, method, absent: section.absent };
  }
  if (kind === "section") return { ...blank, label: `section ${number + 1}` };
  const snippet = data.snippets.find((one) => exemplarId(one) === id);
  return snippet ? { ...blank, label: snippet.title, text: snippet.why.join("; ") } : blank;
}

joinAll();
