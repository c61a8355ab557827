"""Dynamic marks: the plan's level shaped by the energy of each section, melody in front."""

from __future__ import annotations

from fractions import Fraction

from agent.offline.writer.form import Section
from agent.offline.writer.meter import Meter

LEVELS = ("pp", "p", "mp", "mf", "f", "ff")


def marks(level: str, role: str, form: tuple[Section, ...], bar: Meter) -> dict[Fraction, str]:
    """Return marks by time for one part.

    A section that changes the level gets its mark, one that is louder than the last a crescendo into it.

    Accompaniment is a level softer than the melody, so that the melody carries.
    """
    base = LEVELS.index(level) - (0 if role == "melody" else 1)
    out: dict[Fraction, str] = {}
    before: int | None = None
    for section in form:
        now = max(0, min(5, base + (1 if section.energy > 0.85 else -1 if section.energy < 0.45 else 0)))
        start = section.start * bar.length
        if before is not None and now > before and role == "melody" and section.start >= 2:
            out[(section.start - 2) * bar.length] = "crescendo("
            out[start] = "crescendo)"
        if now != before:
            out[start] = " ".join([*out.get(start, "").split(), LEVELS[now]])
        before = now
    return out
