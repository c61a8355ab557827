// Two small charts: the critic's score from draft to draft, and how a map bears hiding and showing.
function polyline(points, name) {
  return shape("polyline", { class: name, points: points.map((point) => point.map((value) => value.toFixed(1)).join(",")).join(" ") });
}

function written(x, y, words, anchor = "start") {
  return shape("text", { x, y, "text-anchor": anchor }, words);
}

// Filled circles are kept drafts, hollow ones refused; the line follows what was kept.
function history() {
  if (!data.history.length) return null;
  const [wide, high, left, foot] = [640, 170, 44, 26];
  const marks = data.history.map(([, , after]) => after);
  const [low, top] = [Math.min(...marks), Math.max(...marks)];
  const x = (index) => left + 12 + (index * (wide - left - 30)) / Math.max(marks.length - 1, 1);
  const y = (mark) => 14 + ((high - foot - 24) * (top - mark)) / Math.max(top - low, 1e-6);
  const dot = ([what, , after, accepted, why], index) =>
    shape("circle", { cx: x(index), cy: y(after), r: 5, class: accepted ? "kept" : "refused" }, shape("title", {}, `${what}: ${after.toFixed(3)}, ${why}`));
  const kept = data.history.map((row, index) => [x(index), y(row[2]), row[3]]).filter((point) => point[2]);
  const told = `The critic's score over ${marks.length} drafts and revisions, from ${low.toFixed(2)} to ${top.toFixed(2)}; ${kept.length} were kept.`;
  const grid = [low, top].map((mark) => [
    shape("line", { class: "grid", x1: left, x2: wide - 8, y1: y(mark), y2: y(mark) }),
    written(left - 6, y(mark) + 4, mark.toFixed(2), "end"),
  ]);
  const names = [written(left + 6, high - 6, "first draft"), written(wide - 8, high - 6, "last", "end")];
  return make("figure", {},
    shape("svg", { class: "chart", viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": told },
      grid.flat(), polyline(kept.map(([across, down]) => [across, down]), "line"), data.history.map(dot), names),
    make("figcaption", {}, `${told} Filled: kept; hollow: refused.`));
}

function curves(check) {
  const both = [["deletion", check.deletion_curve], ["insertion", check.insertion_curve]].filter(([, curve]) => curve.length > 1);
  if (!both.length) return null;
  const [wide, high] = [220, 96];
  const all = both.flatMap(([, curve]) => curve).concat(0, 1);
  const [low, top] = [Math.min(...all), Math.max(...all)];
  const point = (curve) => curve.map((value, index) => [6 + ((wide - 12) * index) / (curve.length - 1), 6 + ((high - 26) * (top - value)) / (top - low)]);
  const label = "Outcome while the picture is hidden (solid) and uncovered (dashed), most important places first";
  return make("figure", {},
    shape("svg", { class: "chart curves", viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": label },
      both.map(([name, curve]) => polyline(point(curve), name)), written(6, high - 4, "nothing"), written(wide - 6, high - 4, "all", "end")),
    make("figcaption", {}, "Solid: these places are hidden, most important first. Dashed: only they are shown."));
}
