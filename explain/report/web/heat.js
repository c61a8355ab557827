// Maps over the picture: the values are interpolated, then coloured, as explain/heat.py does it.
const STRENGTH = 0.78;
const FINE = 320; // pixels of the longer side of a drawn map

function valuesOf(map) {
  if (!map.values) {
    const byte = (sign) => sign.charCodeAt(0);
    map.values = Float32Array.from(atob(map.data), (sign) => (map.signed ? (byte(sign) - 128) / 127 : byte(sign) / 255));
  }
  return map.values;
}

function colour(level, signed) {
  if (signed) return level < 0 ? data.scale.against : data.scale.for;
  const at = Math.min(Math.max(level, 0), 1) * (data.scale.cividis.length - 1);
  const low = Math.min(Math.floor(at), data.scale.cividis.length - 2);
  return data.scale.cividis[low].map((band, index) => band + (at - low) * (data.scale.cividis[low + 1][index] - band));
}

// The two cells a place lies between, and how far it is on the way.
function between(place, cells) {
  const at = Math.min(Math.max(place * cells - 0.5, 0), cells - 1);
  const low = Math.min(Math.floor(at), Math.max(cells - 2, 0));
  return [low, Math.min(low + 1, cells - 1), at - low];
}

function level(map, x, y) {
  const values = valuesOf(map);
  const [left, right, across] = between(x, map.columns);
  const [top, bottom, down] = between(y, map.rows);
  const row = (line) => values[line * map.columns + left] * (1 - across) + values[line * map.columns + right] * across;
  return row(top) * (1 - down) + row(bottom) * down;
}

function paint(canvas, map) {
  const ratio = data.picture ? data.picture.height / data.picture.width : 0.75;
  canvas.width = Math.round(Math.min(FINE, FINE / ratio));
  canvas.height = Math.round(canvas.width * ratio);
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (!map) return;
  const image = pen.createImageData(canvas.width, canvas.height);
  const [left, top, right, bottom] = map.covers;
  for (let row = 0; row < canvas.height; row++) {
    const y = ((row + 0.5) / canvas.height - top) / (bottom - top);
    if (y < 0 || y > 1) continue;
    for (let column = 0; column < canvas.width; column++) {
      const x = ((column + 0.5) / canvas.width - left) / (right - left);
      if (x < 0 || x > 1) continue;
      const here = level(map, x, y);
      const alpha = Math.round(255 * STRENGTH * Math.min(Math.abs(here), 1));
      image.data.set([...colour(here, map.signed), alpha], 4 * (row * canvas.width + column));
    }
  }
  pen.putImageData(image, 0, 0);
}

// The picture with a place for a map over it; `small` ones stand still and are for print.
function pictured(label, map) {
  const canvas = make("canvas", { class: "heat", "aria-hidden": "true" });
  const base = data.picture
    ? make("img", { src: data.picture.uri, alt: label, width: data.picture.width, height: data.picture.height })
    : make("p", { class: "missing" }, "The picture is not here.");
  const frame = make("div", { class: map ? "frame mapped" : "frame" }, base, canvas);
  paint(canvas, map ?? null);
  return frame;
}

function legend(signed) {
  const ends = signed ? ["speaks against", "speaks for"] : ["no part in it", "most"];
  const stops = signed
    ? [data.scale.against, null, data.scale.for]
    : data.scale.cividis;
  const paintOf = (stop) => (stop ? `rgb(${stop.map(Math.round).join(" ")})` : "transparent");
  const band = make("span", { class: "band", style: `background:linear-gradient(to right,${stops.map(paintOf).join(",")})` });
  return [make("span", {}, ends[0]), band, make("span", {}, ends[1])];
}
