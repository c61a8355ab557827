// What is told in rows: the plan, requests, what would be otherwise, exemplars, and how it was made.
function table(head, rows, name) {
  if (!rows.length) return null;
  const top = make("tr", {}, head.map((cell) => make("th", { scope: "col" }, cell)));
  const body = rows.map((row) => make("tr", {}, row.map((cell) => make("td", {}, cell))));
  return make("div", { class: "scroll" }, make("table", { "aria-label": name }, make("thead", {}, top), make("tbody", {}, body)));
}

function plan() {
  const rows = data.elements.filter((element) => element.kind === "plan").map((element) => {
    const links = (toward.get(element.id) ?? []).map(reason);
    const because = links.length ? make("ul", { class: "because" }, links) : element.text;
    return [chip(element.id, element.label), element.value, because];
  });
  return table(["element", "decision", "because"], rows, "The plan and its causes");
}

function sign(good, yes, no) {
  return make("span", { class: good ? "yes" : "no" }, good ? `✓ ${yes}` : `✗ ${no}`);
}

function obeyed() {
  const rows = data.obeyed.map(([request, asked, measured, met]) => {
    const id = `request.${request}`;
    return [known.has(id) ? chip(id, request) : request, asked, measured, sign(met, "met", "not met")];
  });
  return table(["request", "asked for", "measured on the score", ""], rows, "What was asked and obeyed");
}

function otherwise() {
  const rows = data.counterfactuals.map((one) => [one.change, chip(one.element, lookup(one.element).label), one.after, one.before]);
  return table(["if the picture were", "then", "would be", "instead of"], rows, "What would be otherwise");
}

function exemplars() {
  return data.snippets.map((snippet) => {
    const place = make("div", { class: "snippet" }, make("div"));
    const bars = snippet.bars.length ? make("p", {}, `A figure of it stands in ${snippet.bars.length > 1 ? "bars" : "bar"} ${ranges(snippet.bars)}.`) : null;
    const terms = make("p", { class: "fine" }, `${snippet.source} · ${snippet.licence}`);
    const box = make("article", { class: "lender" }, chip(exemplarId(snippet), snippet.title), terms, make("p", {}, snippet.why.join("; ")), bars, place);
    if (snippet.abc) requestAnimationFrame(() => quote(place.firstChild, snippet));
    return box;
  });
}

// A snippet that abcjs cannot draw is shown as its text.
function quote(place, snippet) {
  try {
    engrave(place, snippet.abc, 420, `Notes of ${snippet.title}`);
  } catch {
    place.replaceChildren(make("pre", {}, snippet.abc));
  }
}

function remarks() {
  return data.remarks.length ? make("ul", {}, data.remarks.map((remark) => make("li", {}, remark))) : null;
}

function details() {
  const rows = Object.entries(data.details).map(([name, value]) => [
    name,
    typeof value === "string" ? value : Object.entries(value).map(([key, one]) => make("div", {}, `${key}: ${one}`)),
  ]);
  return table(["", ""], rows, "How it was made");
}

function revisions() {
  const rows = data.history.map(([what, before, after, accepted, why]) => [
    what, before === null ? "" : before.toFixed(3), after.toFixed(3), sign(accepted, "kept", "refused"), why,
  ]);
  const rolled = table(["draft or revision", "before", "after", "", "why"], rows, "Drafts and revisions");
  return rolled ? make("details", {}, make("summary", {}, "The same as a table"), rolled) : null;
}
