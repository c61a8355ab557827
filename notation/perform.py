"""From the written tune to what is played: repeats and endings expanded, ties merged, grace notes sounded.

Rules
-----
Repeats and endings: `notation.repeats`. Grace notes take half of the note they decorate, in equal shares, as
in abcjs. Trills, turns, rolls and staccato are played plain, ``P:``, D.C. and D.S. are not followed. Chord
symbols never sound.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from chiaroscore import NotationError
from notation.clock import Clock
from notation.limits import MAX_PLAYED
from notation.loudness import velocities
from notation.quick import maker
from notation.repeats import sections
from notation.tune import Bar, MeterChange, Note, Performance, Sounding, TempoChange, Voice

_sounding = maker(Sounding)


def play_order(bars: Sequence[Bar]) -> list[int]:
    """Return the indices of the bars in the order they are played (the rules are in `notation.repeats`)."""
    if not any(bar.right.startswith(":") or bar.ending for bar in bars):
        return list(range(len(bars)))
    return [index for section in sections(bars) for index in section.order()]


def perform(voices: Sequence[Voice], tempi: Sequence[TempoChange]) -> Performance:
    """Play the voices.

    Raises
    ------
    NotationError
        If the expanded tune has more than `notation.limits.MAX_PLAYED` notes.
    """
    clock = Clock(voices)
    tones: list[_Tone] = []
    length = 0
    first_path: list[tuple[Bar, int]] = []
    for index, voice in enumerate(voices):
        path, end = _path(voice, clock)
        _play(voice, index, path, clock, tones)
        first_path = first_path or path
        length = max(length, end)
    tones.sort(key=lambda tone: (tone.onset, tone.voice, tone.note.pitch))
    return Performance(
        tuple(_soundings(tones, clock)),
        tuple(_played_tempi(tempi, [(bar, clock.time(start)) for bar, start in first_path])),
        tuple(_played_meters(voices[0], [(bar, clock.time(start)) for bar, start in first_path]))
        if voices
        else (),
        clock.time(length),
    )


def _path(voice: Voice, clock: Clock) -> tuple[list[tuple[Bar, int]], int]:
    """Return the bars as they are played with their played onsets, and the played length."""
    at, path = 0, []
    for index in _order(voice):
        bar = voice.bars[index]
        path.append((bar, at))
        at += clock.ticks(bar.duration)
    return path, at


def _order(voice: Voice) -> list[int]:
    order = play_order(voice.bars)
    if len(order) > MAX_PLAYED:
        raise NotationError(f"with its repeats the tune has {len(order):,} bars; the limit is {MAX_PLAYED:,}")
    return order


def ensure_playable(voices: Sequence[Voice], tempi: Sequence[TempoChange]) -> None:
    """Raise what `perform` would, without playing where the notes can be seen to be few enough."""
    count = 0
    for voice in voices:
        inside = Counter([note.bar for note in voice.notes])
        count += sum([inside[voice.bars[index].number] for index in _order(voice)])
    if count > MAX_PLAYED:  # ties that are merged do not count, so it may yet be playable
        perform(voices, tempi)


@dataclass(slots=True)
class _Tone:
    """A sounding note, in ticks; ties may still lengthen it and grace notes still delay it."""

    note: Note
    onset: int
    duration: int
    velocity: int
    voice: int
    graces: int = 0  # how many grace notes stand before it
    delayed: bool = False  # it waits for grace notes


def _play(voice: Voice, index: int, path: list[tuple[Bar, int]], clock: Clock, tones: list[_Tone]) -> None:
    """Append the notes of one voice."""
    inside: dict[int, list[tuple[Note, int, int, int]]] = {}
    ticks = clock.ticks
    for note, velocity in zip(voice.notes, velocities(voice, clock), strict=True):
        row = (note, ticks(note.onset), ticks(note.duration), velocity)
        inside.setdefault(note.bar, []).append(row)
    held: dict[int, _Tone] = {}
    first = len(tones)
    for bar, start in path:
        content = inside.get(bar.number, ())
        if len(tones) + len(content) > MAX_PLAYED:
            raise NotationError(
                f"with its repeats the tune plays more notes than the limit is, {MAX_PLAYED:,}; shorten it"
            )
        shift = start - ticks(bar.onset)
        graces: list[_Tone] = []
        for note, onset, duration, velocity in content:
            tone = _Tone(note, onset + shift, duration, velocity, index)
            if graces and graces[0].note.span != note.span:
                graces = []
            if note.grace:
                graces.append(tone)
                continue
            earlier = held.pop(note.pitch, None) if note.tie_stop else None
            if earlier is not None and earlier.onset + earlier.duration == tone.onset:
                earlier.duration += duration
                tone = earlier
            else:
                tone.delayed = bool(graces)
                if graces and not graces[0].delayed:  # a chord sounds its grace notes once
                    graces[0].delayed = True
                    tone.graces = len(graces)
                    tones += graces
                tones.append(tone)
            if note.tie_start:
                held[note.pitch] = tone
    _sound_graces(tones, first)


def _sound_graces(tones: list[_Tone], first: int) -> None:
    """Give grace notes the first half of the note (or chord) behind them, in equal shares."""
    for place in range(first, len(tones)):
        tone = tones[place]
        if tone.note.grace or not tone.delayed:
            continue
        half = tone.duration // 2
        for count, grace in enumerate(tones[place - tone.graces : place]):
            share = half // tone.graces
            grace.onset, grace.duration = tone.onset + count * share, share
        tone.onset, tone.duration = tone.onset + half, tone.duration - half


def _soundings(tones: list[_Tone], clock: Clock) -> Iterator[Sounding]:
    times = clock.times
    for tone in tones:
        note, onset, duration = tone.note, times[tone.onset], times[tone.duration]
        yield _sounding(
            note.pitch, onset, duration, tone.velocity, tone.voice, note.bar, note.span, note.grace
        )


def _played_tempi(tempi: Sequence[TempoChange], path: list[tuple[Bar, Fraction]]) -> list[TempoChange]:
    """Return tempo changes in played time; going back to a passage brings back the tempo written there."""
    if not path or len(tempi) == 1:
        return list(tempi[:1])
    written = [tempo.onset for tempo in tempi]
    played: list[TempoChange] = []
    for bar, start in path:
        first = max(bisect_right(written, bar.onset) - 1, 0)
        stop = max(bisect_left(written, bar.onset + bar.duration), first + 1)
        for tempo in tempi[first:stop]:
            onset = start + max(tempo.onset - bar.onset, Fraction(0))
            if played and (tempo.qpm, tempo.text) == (played[-1].qpm, played[-1].text):
                continue
            if played and played[-1].onset == onset:
                played.pop()
            played.append(replace(tempo, onset=onset))
    return played


def _played_meters(voice: Voice, path: list[tuple[Bar, Fraction]]) -> list[MeterChange]:
    """Return meter changes in played time."""
    if not path or len(voice.meters) == 1:
        return [replace(meter, onset=Fraction(0)) for meter in voice.meters[:1]]
    written = [meter.onset for meter in voice.meters]
    played: list[MeterChange] = []
    for bar, start in path:
        meter = replace(voice.meters[max(bisect_right(written, bar.onset) - 1, 0)], onset=start)
        if not played or replace(played[-1], onset=start) != meter:
            played.append(meter)
    return played
