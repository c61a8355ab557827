"""What holds for a voice from a point on: clef, key, meter, tempo, instrument."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from chiaroscore import NotationError
from notation.fields import Fields, VoiceField
from notation.limits import MAX_BARS
from notation.spelling import ALTERATION, mode_name
from notation.tune import KeyChange, MeterChange, TempoChange

_ZERO = Fraction(0)
#: abcjs writes accidentals in names with musical signs; we keep the letters people type.
TYPED = str.maketrans({"♭": "b", "♯": "#", "°": "o", "ø": "0", "∆": "^"})
#: K:HP and K:Hp, the highland pipes.
_PIPES: tuple[str, str, tuple[tuple[str, int], ...]] = ("A", "mixolydian", (("F", 1), ("C", 1)))


@dataclass(slots=True)
class Sources:
    """What the voices of a tune share while they are read."""

    text: str
    fields: Fields
    drummap: dict[str, int]
    percmap: dict[str, Any]
    bars: int = 0
    #: Percussion notes that no map names: voice, position, key.
    unmapped: list[tuple[str, int, int]] = field(default_factory=list)

    def count_bars(self, count: int = 1) -> None:
        """Count bars of any voice.

        Raises
        ------
        NotationError
            If there are too many.
        """
        self.bars += count
        if self.bars > MAX_BARS:
            raise NotationError(f"the tune has more bars than the limit is, {MAX_BARS:,}; split it")


class Staff:
    """The state of one voice that its fields change."""

    def __init__(self, identity: str, sources: Sources) -> None:
        self.id = identity
        self.sources = sources
        self.said: VoiceField = sources.fields.voices.get(identity, VoiceField(identity))
        common = sources.fields.common
        self.program = self.said.program if self.said.program is not None else common.program
        self.channel = self.said.channel if self.said.channel is not None else common.channel
        self.shift = self.said.shift or common.shift
        self.clef = "treble"
        self.clef_transpose = 0
        self.percussive_clef = False
        self.meter = MeterChange(_ZERO, 0, 0)
        self.alterations: tuple[int, ...] = (0,) * 7
        self.at = _ZERO
        self.meters: list[MeterChange] = []
        self.keys: list[KeyChange] = []
        self.tempi: list[TempoChange] = []
        self.free_meters = [place for place in sources.fields.free_meters if self._is_mine(place)]
        self.hear()

    def _is_mine(self, place: int) -> bool:
        return self.sources.fields.voice_at(place) in ("", self.id)

    def hear(self) -> None:
        """Work out whether letters are drums, and the semitones from written to sounding pitch."""
        self.percussion = self.percussive_clef or self.channel == 10
        said = self.said.transpose
        octave = -12 if self.clef.endswith("-8") else 12 if self.clef.endswith("+8") else 0
        self.transpose = (self.clef_transpose if said is None else said) + octave + self.shift

    def _clef(self, kind: str, transpose: int) -> None:
        self.clef, self.clef_transpose = kind, int(transpose or 0)
        self.percussive_clef = self.percussive_clef or kind == "perc"
        self.hear()

    def _midi(self, command: str, parameters: list[Any]) -> None:
        numbers = [n for n in parameters if isinstance(n, int)]
        if command == "program" and numbers and self.at == 0 and 0 <= numbers[-1] <= 127:
            self.program = numbers[-1]
            if len(numbers) > 1:
                self.channel = numbers[0]
        elif command == "channel" and numbers:
            self.channel = numbers[0]
        elif command == "transpose" and numbers:
            self.shift = numbers[0]
        self.hear()

    def _key(self, root: str, sign: str, mode: str, found: list[list[str]]) -> None:
        if root in ("HP", "Hp"):
            tonic, name, accidentals = _PIPES
        else:
            tonic, name = ("", "none") if root == "none" else (root + sign, mode_name(mode))
            accidentals = tuple(
                (letter.upper(), ALTERATION[acc]) for letter, acc in found if ALTERATION.get(acc)
            )
        change = KeyChange(self.at, tonic.translate(TYPED), name, accidentals)
        if self.keys and replace(change, onset=self.keys[-1].onset) == self.keys[-1]:
            return
        if self.keys and self.keys[-1].onset == self.at:
            self.keys.pop()
        self.keys.append(change)
        table = dict(accidentals)
        self.alterations = tuple(table.get(letter, 0) for letter in "CDEFGAB")

    def _meter(self, change: MeterChange) -> None:
        if self.meters and replace(change, onset=self.meters[-1].onset) == self.meters[-1]:
            return
        if self.meters and self.meters[-1].onset == self.at:
            self.meters.pop()
        self.meters.append(change)
        self.meter = change
