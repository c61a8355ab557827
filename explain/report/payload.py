"""An explanation as JSON for the page: positions in UTF-16 units, maps as bytes, the notes as they sound."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict
from itertools import accumulate
from typing import Any

import numpy as np
from PIL import Image

from chiaroscore import NotationError
from explain.explanation import NOT_PROOF, Bar, Element, Explanation
from explain.heat import AGAINST, CIVIDIS, FOR, HeatMap
from explain.leading import leading
from explain.report.lighter import fitting
from explain.report.photograph import photograph, uri
from notation import Tune, parse

#: Most rows and columns of a map in a page.
MOST_CELLS = 64
#: Longest side of the picture in a page, pixels.
SIDE = 960


def payload(explanation: Explanation) -> dict[str, Any]:
    """Return what the page shows; JSON types only, texts as they are."""
    tune = _tune(explanation.abc)
    places = _utf16(explanation.abc)
    maps = _Maps()
    heard = fitting(explanation.sound)
    return {
        "title": explanation.title,
        "picture": _picture(explanation),
        "caution": NOT_PROOF,
        "scale": {"cividis": CIVIDIS, "against": AGAINST, "for": FOR},
        "elements": [_element(one, maps, tune, places) for one in explanation.elements],
        "maps": maps.kept,
        "leading": [one.id for one in leading(explanation, 6)],
        "links": [asdict(link) for link in explanation.links],
        "abc": explanation.abc,
        "bars": [_bar(bar, places) for bar in explanation.bars],
        "steps": explanation.steps,
        "snippets": [asdict(snippet) for snippet in explanation.snippets],
        "history": explanation.history,
        "obeyed": explanation.obeyed,
        "counterfactuals": [asdict(one) for one in explanation.counterfactuals],
        "remarks": explanation.remarks,
        "details": {key: _plain(value) for key, value in explanation.details.items()},
        "sound": uri("audio/ogg", heard) if heard else "",
        "left_out": bool(explanation.sound and not heard),
        "notes": _notes(tune) if tune else [],
        "voices": _voices(tune) if tune else [],
    }  # fmt: skip


class _Maps:
    """The maps of a page; equal ones are kept once."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self._known: dict[tuple[Any, ...], int] = {}

    def index(self, heat: HeatMap | None) -> int:
        """Return where a map is kept, -1 for none."""
        if heat is None:
            return -1
        rows, columns, data = quantised(heat)
        key = (rows, columns, data, heat.covers, heat.signed)
        if key not in self._known:
            self._known[key] = len(self.kept)
            self.kept.append(
                {
                    "rows": rows, "columns": columns, "covers": heat.covers, "signed": heat.signed,
                    "data": base64.b64encode(data).decode(),
                }
            )  # fmt: skip
        return self._known[key]


def quantised(heat: HeatMap) -> tuple[int, int, bytes]:
    """Return rows, columns and one byte a cell, row by row.

    In a map of one sign 255 is the highest value and 0 stands for 0 and below; in a signed one 128 is 0, and
    1 and 255 are as far from 0 as its greatest size.
    """
    values = heat.values.astype(float)
    if max(values.shape) > MOST_CELLS:
        size = (min(values.shape[1], MOST_CELLS), min(values.shape[0], MOST_CELLS))
        values = np.asarray(Image.fromarray(heat.values).resize(size, Image.Resampling.BOX), float)
    if not heat.signed:
        values = np.maximum(values, 0)
    peak = float(np.abs(values).max()) or 1.0
    scaled = 128 + 127 * values / peak if heat.signed else 255 * values / peak
    return (*values.shape, np.round(scaled).astype(np.uint8).tobytes())


def _element(element: Element, maps: _Maps, tune: Tune | None, places: Sequence[int]) -> dict[str, Any]:
    known = {"id": element.id, "kind": element.kind, "label": element.label, "value": element.value}
    known |= {"text": element.text, "method": element.method, "absent": element.absent}
    return {
        **known,
        "map": maps.index(element.map),
        "check": asdict(element.check) if element.check else None,
        "span": _span_of_note(element.id, tune, places) if element.kind == "note" and tune else None,
    }


def _span_of_note(identity: str, tune: Tune, places: Sequence[int]) -> tuple[int, int] | None:
    """Return where the note of an id like ``note.M.12`` stands, in UTF-16 units."""
    _, voice, number = identity.rsplit(".", 2) if identity.count(".") >= 2 else ("", "", "0")
    notes = next((one.notes for one in tune.voices if one.id == voice), ())
    if not number.isdecimal() or not 1 <= int(number) <= len(notes):
        return None
    start, end = notes[int(number) - 1].span
    return places[start], places[end]


def _bar(bar: Bar, places: Sequence[int]) -> dict[str, Any]:
    last = len(places) - 1
    spans = [(places[min(start, last)], places[min(end, last)]) for start, end in bar.spans]
    return {"number": bar.number, "section": bar.section, "spans": spans, "times": bar.times}


def _utf16(text: str) -> list[int]:
    """Return the UTF-16 position of each character, and of the end: what JavaScript counts in."""
    return [0, *accumulate(1 + (ord(sign) > 0xFFFF) for sign in text)]


def _tune(abc: str) -> Tune | None:
    """Return the score, None where the text is none: then there is nothing to play, but all else is shown."""
    try:
        return parse(abc) if abc.strip() else None
    except NotationError:
        return None


def _notes(tune: Tune) -> list[tuple[float, float, int, int, int]]:
    """Return onset and length in seconds, pitch, velocity and voice of each note as it sounds."""
    played = tune.performance
    starts = [played.seconds(note.onset) for note in played.notes]
    ends = [played.seconds(note.onset + note.duration) for note in played.notes]
    return [
        (round(start, 3), round(end - start, 3), note.pitch, note.velocity, note.voice)
        for note, start, end in zip(played.notes, starts, ends, strict=True)
    ]


def _voices(tune: Tune) -> list[dict[str, Any]]:
    return [{"program": one.program or 0, "drums": one.percussion} for one in tune.voices]


def _picture(explanation: Explanation) -> dict[str, Any] | None:
    if explanation.picture is None:
        return None
    small, data = photograph(explanation.picture, SIDE)
    return {"uri": uri("image/jpeg", data), "width": small.width, "height": small.height}


def _plain(value: Any) -> Any:
    """Return a detail as text, or as a table of texts."""
    if isinstance(value, dict):
        return {str(key): str(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return str(value)
