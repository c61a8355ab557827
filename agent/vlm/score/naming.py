"""Which voice of the plan a name in an answer means: "1", "melody", "Cello", "bass" ..."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.offline.writer.orchestra import staff_names
from prompts import Part

#: Words that name a role, in small letters.
ROLE_WORDS = {
    "melody": ("melody", "lead", "solo", "soprano", "theme", "tune", "right hand", "rh", "treble", "mel"),
    "counter": ("counter", "countermelody", "counter melody", "counterpoint", "alto", "second line"),
    "harmony": ("harmony", "chords", "accompaniment", "comp", "tenor", "inner", "accomp"),
    "pad": ("pad", "strings", "background", "sustain"),
    "bass": ("bass", "bassline", "bass line", "left hand", "lh", "low"),
    "percussion": ("percussion", "drums", "drum", "kit", "perc", "drum kit", "beat"),
}


class Names:
    """The voices of a plan, and what they may be called."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.named = staff_names(parts)
        self.ids = [name for name, _ in self.named]

    def ids_for(self, label: str) -> list[str]:
        """Return the voices that a name may mean, best first: by id, role, instrument.

        Empty if it means none.
        """
        plain = _plain(label)
        exact = [one for one in self.ids if one.lower() == plain]
        if exact or not plain:
            return exact
        by_role = [one for one, part in self.named if plain in ROLE_WORDS[part.role]]
        by_player = [one for one, part in self.named if plain == _plain(part.instrument)]
        words = set(plain.split())
        near = [
            one
            for one, part in self.named
            if len(plain) > 2 and (words & set(ROLE_WORDS[part.role]) or _within(plain, part.instrument))
        ]
        return [*by_role, *(one for one in (*by_player, *near) if one not in by_role)]

    def assigned(self, labels: Sequence[str], called: dict[str, str]) -> dict[str, str]:
        """Return the voice of every label that has one.

        Parameters
        ----------
        labels
            As they appear; "" for music before any name.
        called
            Longer names that a header gives to labels: ``{"1": "Cello"}``.
        """
        found: dict[str, str] = {}
        exact = {one.lower(): one for one in self.ids}
        for label in labels:
            if label.lower() in exact and exact[label.lower()] not in found.values():
                found[label] = exact[label.lower()]
        for label in labels:
            ways = [*self.ids_for(label), *self.ids_for(called.get(label, ""))]
            free = [one for one in ways if one not in found.values()]
            if label not in found and label and free:
                found[label] = free[0]
        left = [label for label in labels if label not in found]
        for label in [one for one in left if one] or left:
            free = [one for one in self.ids if one not in found.values()]
            if free:
                found[label] = _by_number(label, self.ids, free)
        return found


def _by_number(label: str, ids: list[str], free: list[str]) -> str:
    """Return the free voice of a number in the label, else the first free one."""
    digits = re.search(r"\d{1,2}", label)
    place = int(digits[0]) - 1 if digits else -1
    return ids[place] if 0 <= place < len(ids) and ids[place] in free else free[0]


def _plain(name: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", name[:60].lower()))


def _within(plain: str, instrument: str) -> bool:
    """Return whether one name is in the other: "grand piano", "cello (low)"."""
    other = _plain(instrument)
    return plain in other or other in plain
