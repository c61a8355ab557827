"""The table that `benchmarks.distil` prints: measures in rows, contenders in columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Rows of the table: key -> what is said of it.
ROWS = {
    "why": "E_r: cosine", "heard": "E_m: cosine", "nearest": "E_m: cosine to nearest",
    "retrieved": "P@10 of 70",
    "mode": "mode", "tempo": "tempo class", "meter": "meter", "genre": "genre", "group": "genre group",
    "instruments": "instruments F1", "all": "plan agreement", "fits": "fits (group and mode)",
    "spread": "samples apart (cosine)", "vendi": "Vendi of 3 samples", "kinds": "Vendi of all pictures",
    "frechet_heard": "Fréchet, E_m x 100", "pieces": "scores", "finished": "agreement, finished plans",
    "frechet_scores": "Fréchet, scores",
}  # fmt: skip


def as_text(name: str, found: Mapping[str, Any]) -> str:
    """Return one test as text."""
    about, measures = found["about"], found["measures"]
    lines = [f"{name}: {about['items']} ({about['pictures']} pictures) of {about['kins']} kins"]
    lines.append(f"{'':<26}" + "".join(f"{one:>13}" for one in measures))
    for key, label in ROWS.items():
        cells = [_cell(one.get(key)) for one in measures.values()]
        if any(cell != "-" for cell in cells):
            lines.append(f"{label:<26}" + "".join(f"{cell:>13}" for cell in cells))
    for other, rows in found["differences"].items():
        said = (f"{ROWS[key]} {one.mean:+.3f} [{one.low:+.3f}, {one.high:+.3f}]" for key, one in rows.items())
        lines.append(f"{about['first']} - {other}: {'; '.join(said)}")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    number = getattr(value, "mean", value)
    return f"{number:.0f}" if float(number).is_integer() and number > 1 else f"{number:.3f}"
