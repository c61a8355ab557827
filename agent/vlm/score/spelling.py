"""Pitches of a voice: accidentals, the range of its instrument, the letters of the drum kit.

An accidental holds for its own octave to the end of the bar (ABC 2.1, ``propagate-accidentals pitch``, as
`notation` reads it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.offline.writer.layout import KIT
from agent.offline.writer.theory import midi
from agent.vlm.score.elements import ALTERATIONS, Bar, Element, Tone, changed
from agent.vlm.score.repairs import Log
from notation import Instrument

#: Octaves that a note or a voice may be moved, the nearest first.
_OCTAVES = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5)
#: General MIDI keys of drums that are alike: a key that the kit lacks is played on one of its family.
_FAMILIES = (
    (35, 36), (37, 38, 39, 40), (41, 43, 45), (47, 48), (42, 44), (46,), (49, 52, 55, 57), (51, 53, 59),
    (54, 56, 69, 70, 82), (75, 76, 77),
)  # fmt: skip

_Change = Callable[[Tone], Tone | None]  # None drops the head


def explicit(elements: Sequence[Element]) -> list[Element]:
    """Return the elements of a bar with every accidental that holds written out."""
    seen: dict[int, str] = {}

    def spelled(tone: Tone) -> Tone:
        if tone.accidental:
            seen[tone.step] = tone.accidental
            return tone
        return replace(tone, accidental=seen[tone.step]) if tone.step in seen else tone

    return [respelled(element, spelled) for element in elements]


def respelled(element: Element, change: _Change) -> Element:
    """Return an element with its note heads changed; heads that become None are dropped."""
    if element.inside:
        return replace(element, inside=tuple(respelled(one, change) for one in element.inside))
    graces = tuple(one for one in (change(tone) for tone in element.graces) if one)
    tones = {one.step: one for one in (change(tone) for tone in element.tones) if one}
    kept = tuple(tones.values())
    if not element.tones or kept:
        return replace(element, tones=kept, graces=graces)
    return replace(element, tones=(), graces=(), opens=0, closes=0, tie=False)


def in_range(bars: list[Bar], player: Instrument, signature: Sequence[int], voice: str, log: Log) -> None:
    """Bring the notes of a voice into the range of its instrument by octaves, in place.

    The voice as a whole is moved if that puts most of what lies outside inside; what is still outside is
    moved note by note.
    """
    resolved = [_pitched(bar, signature) for bar in bars]
    pitches = [pitch for bar in resolved for pitch in bar]
    outside = sum(1 for pitch in pitches if not player.low <= pitch <= player.high)
    if not outside:
        return
    shift = min(
        _OCTAVES, key=lambda n: sum(1 for p in pitches if not player.low <= p + 12 * n <= player.high)
    )
    if outside * 3 < len(pitches):
        shift = 0  # a few stray notes: the line stays where it is
    if shift:
        log.note(
            "range", f"{voice} is moved by {shift:+d} octaves into the range of the {player.name}", voice
        )
    for number, bar in enumerate(bars, 1):
        inside = [player.low <= pitch + 12 * shift <= player.high for pitch in resolved[number - 1]]
        if shift or not all(inside):
            bar.elements = [_moved(one, shift, player, signature) for one in explicit(bar.elements)]
        if not all(inside):
            what = (
                f"bar {number} of {voice}: notes outside the range of the {player.name} are moved by octaves"
            )
            log.note("range", what, voice, number)


def _pitched(bar: Bar, signature: Sequence[int]) -> list[int]:
    """Return the MIDI pitches of a bar."""
    leaves = [leaf for element in explicit(bar.elements) for leaf in element.leaves]
    return [_midi(tone, signature) for leaf in leaves for tone in (*leaf.graces, *leaf.tones)]


def _midi(tone: Tone, signature: Sequence[int]) -> int:
    alter = ALTERATIONS[tone.accidental] if tone.accidental else signature[tone.step % 7]
    return midi(tone.step, alter)


def _moved(element: Element, shift: int, player: Instrument, signature: Sequence[int]) -> Element:
    """Return an element moved by octaves, each note further where the range asks for it."""

    def fitting(tone: Tone) -> Tone | None:
        for octaves in (shift, *(shift + n for n in _OCTAVES[1:])):
            moved = replace(tone, octave=tone.octave + octaves)
            if 0 <= moved.octave <= 9 and player.low <= _midi(moved, signature) <= player.high:
                return moved
        return None

    return respelled(element, fitting)


def on_kit(bars: list[Bar], voice: str, log: Log) -> None:
    """Bring every stroke of a drum voice to a letter of the kit, in place.

    A letter with octave marks down is read as the General MIDI key of its pitch, or the nearest of its kind.
    Grace notes go: players of ABC look no drum up for them.
    """
    for number, bar in enumerate(bars, 1):
        strange: list[str] = []

        def stroke(tone: Tone, strange: list[str] = strange) -> Tone:
            letter = _letter(tone)
            if tone.text != letter:
                strange.append(f"{tone.text} is read as {letter}")
            return Tone(letter.upper(), 5 if letter.islower() else 4)

        bar.elements = [changed(respelled(one, stroke), graces=()) for one in bar.elements]
        if strange:
            what = f"bar {number} of {voice}: {strange[0]}, a letter of the kit"
            log.note("drum-letter", what, voice, number)


def _letter(tone: Tone) -> str:
    """Return the kit's letter for a stroke as written."""
    if tone.octave >= 4:
        return tone.drum
    key = midi(tone.step, ALTERATIONS.get(tone.accidental, 0))
    family = next((family for family in _FAMILIES if key in family), ())
    letters = {mapped: letter for letter, mapped in KIT.items()}
    return letters.get(key) or next((letters[one] for one in family if one in letters), tone.drum)
