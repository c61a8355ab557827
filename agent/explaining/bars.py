"""The bars of a score: where each stands in the text, in every voice, and when it sounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from agent.offline.writer.form import Section
from explain import Bar
from notation import Tune, Voice
from notation.perform import play_order
from render.humanise import ritard


def bars_of(tune: Tune, sections: Sequence[Section]) -> tuple[Bar, ...]:
    """Return the bars of a tune in the order they are written.

    Times are those of the sound that `agent.Piece.midi` gives: repeats expanded, tempi followed, the way to
    the last note slowed; a player's small departures are left out. The voice with the most bars counts.

    Parameters
    ----------
    tune
        Parsed score.
    sections
        Of the form; a bar behind the last of them belongs to it. Without any, all bars are of section 0.
    """
    lead = max(tune.voices, key=lambda voice: len(voice.bars), default=None)
    if lead is None:
        return ()
    times = times_of(lead, played_seconds(tune))
    return tuple(
        Bar(
            number=bar.number,
            section=section_at(sections, bar.number),
            spans=_spans(tune, bar.number),
            times=tuple(times.get(bar.number, ())),
        )
        for bar in lead.bars
    )


def played_seconds(tune: Tune) -> Callable[[Fraction], float]:
    """Return what gives the second at which a point of the performance, in quarter notes, sounds."""
    played = tune.performance
    slowed = [replace(tune.tempo, onset=at, qpm=qpm) for at, qpm in ritard(tune)]
    tempi = sorted((*(played.tempi or (tune.tempo,)), *slowed), key=lambda tempo: tempo.onset)
    clock = replace(played, tempi=tuple(tempi))
    return lambda quarters: clock.seconds(quarters)


def section_at(sections: Sequence[Section], number: int) -> int:
    """Return the place of the section that holds a bar, counted from 1; 0 for a pickup."""
    found = [at for at, section in enumerate(sections) if section.start < max(number, 1)]
    return found[-1] if found else 0


def times_of(voice: Voice, seconds: Callable[[Fraction], float]) -> dict[int, list[tuple[float, float]]]:
    """Return first and last second of each time that each bar of a voice is played, by its number.

    ``seconds`` gives the second of a point in quarter notes of the performance.
    """
    found: dict[int, list[tuple[float, float]]] = {}
    at = Fraction(0)
    for index in play_order(voice.bars):
        bar = voice.bars[index]
        after = at + bar.duration
        found.setdefault(bar.number, []).append((round(seconds(at), 3), round(seconds(after), 3)))
        at = after
    return found


def _spans(tune: Tune, number: int) -> tuple[tuple[int, int], ...]:
    """Return where a bar stands in the text, voice by voice; voices that share a span give it once."""
    spans = [bar.span for voice in tune.voices for bar in voice.bars if bar.number == number]
    return tuple(dict.fromkeys(spans))
