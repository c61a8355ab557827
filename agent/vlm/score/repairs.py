"""The list of what was mended, one entry for each kind of repair in each bar."""

from __future__ import annotations

from agent.draft import Repair

#: Most entries; a text that needs more is not mended but replaced.
MOST_REPAIRS = 200


class Log:
    """Collects repairs in the order they were made; the first of a kind in a bar is kept."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int], Repair] = {}

    def note(self, code: str, what: str, voice: str = "", bar: int = 0) -> None:
        """Record a repair; ``bar`` counts from 1."""
        if len(self._found) < MOST_REPAIRS:
            self._found.setdefault((code, voice, bar), Repair(code, what, voice, bar))

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """All repairs so far."""
        return tuple(self._found.values())
