// The page: builds its parts, and lets the pointer, the keyboard and the music choose what is shown.
const shown = { pinned: "", id: "" };
let view = null;

function announce(element) {
  const causes = namesFor([...causesOf(element.id)].filter((id) => (toward.get(element.id) ?? []).some((link) => link.source === id)));
  const told = [element.label, element.value, causes ? `because of ${causes}` : "", element.map < 0 ? "no map" : ""];
  view.live.textContent = told.filter(Boolean).join(", ");
}

function mark(id) {
  const [causes, effects] = id ? [causesOf(id), effectsOf(id)] : [new Set(), new Set()];
  for (const node of document.querySelectorAll("[data-id]")) {
    const own = node.getAttribute("data-id");
    node.classList.toggle("chosen", own === id && id !== "");
    node.classList.toggle("cause", causes.has(own));
    node.classList.toggle("effect", effects.has(own));
    if (node.matches("button")) node.setAttribute("aria-pressed", String(own === shown.pinned));
  }
}

function show(id, quiet = false) {
  if (id === shown.id) return mark(id);
  shown.id = id;
  const element = id ? lookup(id) : null;
  const map = element && element.map >= 0 ? data.maps[element.map] : null;
  paint(view.frame.querySelector("canvas"), map);
  view.frame.classList.toggle("mapped", map !== null);
  view.legend.replaceChildren(...(map ? legend(map.signed) : []));
  view.card.replaceChildren(...(element ? card(element) : greeting()));
  if (element && !quiet) announce(element);
  return mark(id);
}

function pin(id) {
  shown.pinned = shown.pinned === id ? "" : id;
  show(shown.pinned || id);
}

function idAt(event) {
  return event.target instanceof Element ? event.target.closest("[data-id]")?.getAttribute("data-id") ?? "" : "";
}

function onBar(number) {
  for (const node of document.querySelectorAll(".bar, .strip [data-id]"))
    node.classList.toggle("now", node.getAttribute("data-id") === `bar.${number}`);
  const here = fields.get(number);
  if (!here) return;
  if (!shown.pinned) show(`bar.${number}`, true);
  const box = here.field.getBoundingClientRect();
  const near = box.bottom > -box.height && box.top < innerHeight + box.height;
  if (near && (box.top < 0 || box.bottom > innerHeight)) here.field.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
}

function focusBar(number) {
  const next = fields.get(number);
  if (!next) return;
  for (const { field } of fields.values()) field.setAttribute("tabindex", field === next.field ? 0 : -1);
  next.field.focus();
}

function barKeys(event, number) {
  const order = [...fields.keys()];
  const at = order.indexOf(number);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: order.length - 1 }[event.key];
  if (to === undefined && event.key !== "Enter") return;
  event.preventDefault();
  if (event.key === "Enter") view.player.playBar(number);
  else focusBar(order[to]);
}

function onKey(event) {
  const id = idAt(event);
  if (event.key === "Escape") {
    shown.pinned = "";
    show("");
  } else if (event.key === " " && !event.target.closest("button, input, summary, a")) {
    event.preventDefault();
    view.player.toggle();
  } else if (id.startsWith("bar.")) barKeys(event, Number(id.slice(4)));
}

function listen(root) {
  const over = (event) => { const id = idAt(event); if (id) show(id); };
  root.addEventListener("pointerover", over);
  root.addEventListener("focusin", over);
  root.addEventListener("pointerout", (event) => { if (idAt(event)) show(shown.pinned); });
  root.addEventListener("focusout", (event) => { if (idAt(event)) show(shown.pinned); });
  root.addEventListener("click", (event) => {
    const id = idAt(event);
    if (id.startsWith("bar.")) view.player.playBar(Number(id.slice(4)));
    else if (id && event.target.closest("button")) pin(id);
  });
  document.addEventListener("keydown", onKey);
}

// The leading maps, side by side, for paper.
function printed() {
  const still = data.leading.map(lookup).map((element) => make("figure", {}, pictured(element.label, data.maps[element.map]), make("figcaption", {}, `${element.label} ${element.value}`)));
  const scales = [false, true].map((signed) => make("div", { class: "legend" }, legend(signed)));
  return make("div", { class: "printed" }, still, scales, make("p", { class: "caution" }, data.caution));
}

function aside() {
  const label = `The picture that ${data.title} was composed for`;
  view = { frame: pictured(label), legend: make("div", { class: "legend", "aria-hidden": "true" }), card: make("div", { class: "card" }), live: make("p", { class: "live", "aria-live": "polite" }) };
  view.card.append(...greeting());
  view.player = new Player(onBar);
  const { button, slider, place, note } = view.player;
  const player = make("div", { class: "player", role: "group", "aria-label": "Player" }, button, slider, place, note);
  return make("aside", {}, view.frame, view.legend, player, strip(), view.card, view.live);
}

function scorePart() {
  view.score = make("div", { class: "score" });
  const keys = make("p", { class: "fine keys" }, "Space plays and pauses; in the score the arrow keys go from bar to bar, Enter plays from a bar, Escape lets go.");
  return part("The score", chips("section"), make("div", { class: "scroll" }, view.score), keys);
}

function build() {
  const root = document.getElementById("report");
  const seen = aside();
  const thought = steps();
  const parts = [
    scorePart(),
    part("Three steps of thought", thought.length ? make("ol", { class: "steps" }, thought) : chips("scene")),
    part("The plan, and why", plan()),
    part("What was asked and obeyed", obeyed()),
    part("If the picture were otherwise", otherwise()),
    part("What it learnt from", make("div", { class: "exemplars" }, exemplars())),
    part("Drafts and revisions", history(), revisions()),
    part("To be known", remarks()),
    part("How it was made", details()),
    part("The score as text", make("details", {}, make("summary", {}, "ABC"), make("pre", {}, data.abc))),
  ];
  const told = parts.filter((one) => one && one.children.length > 1 && !one.querySelector(":scope > .exemplars:empty"));
  root.append(make("header", {}, make("h1", {}, data.title), make("p", {}, "Why it sounds so")), printed(), make("div", { class: "columns" }, seen, make("main", {}, told)));
  listen(root);
  drawScore(view.score);
}

build();
