"""A parsed tune as a `Transcript`, as it is written: for cutting an excerpt out of a long piece in ABC."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from chiaroscore import InputError
from notation import Note, Tune, Voice
from rag_store.keys import signature, table
from rag_store.reading.bar_lines import WrittenBar, meters_of
from rag_store.reading.transcript import Part, Signature, Sound, Tempo, Transcript


def from_tune(tune: Tune) -> Transcript:
    """Return a tune as a transcript; repeats stay unplayed, grace notes and dynamics are left out.

    Raises
    ------
    InputError
        If it has no notes or no meter.
    """
    voices = [voice for voice in tune.voices if voice.notes]
    if not voices or not tune.meter.denominator:
        raise InputError(f"tune {tune.title!r} has no notes or no meter; an excerpt needs both")
    bars = [WrittenBar(bar.duration, bar.meter) for bar in voices[0].bars if bar.duration and bar.meter[1]]
    meters, pickup = meters_of(bars)
    return Transcript(
        parts=tuple(_part(voice) for voice in voices),
        meters=meters,
        tempi=tuple(Tempo(change.onset, change.qpm) for change in tune.tempi) if "Q" in tune.headers else (),
        signatures=tuple(_signatures(voices[0])),
        pickup=pickup,
        title=tune.title,
        composer=tune.composer,
        remarks=("repeats are not played out",)
        if any(":" in b.left + b.right for b in voices[0].bars)
        else (),
    )


def _part(voice: Voice) -> Part:
    sounds: list[Sound] = []
    tied: dict[tuple[int, Fraction], int] = {}
    for note in sorted((n for n in voice.notes if not n.grace), key=_order):
        place = tied.pop((note.pitch, note.onset), None) if note.tie_stop else None
        if place is None:
            place = len(sounds)
            sounds.append(Sound(note.onset, note.duration, note.pitch))
        else:
            held = sounds[place]
            sounds[place] = Sound(held.onset, held.duration + note.duration, held.pitch)
        if note.tie_start:
            tied[note.pitch, note.onset + note.duration] = place
    return Part(voice.name, voice.program or 0, voice.percussion, tuple(sounds))


def _order(note: Note) -> tuple[Fraction, int]:
    return note.onset, note.pitch


def _signatures(voice: Voice) -> Iterable[Signature]:
    for key in voice.keys:
        if key.tonic in table()["letters"] and key.mode in table()["modes"]:
            fifths = signature(key.tonic, key.mode)
            yield Signature(key.onset, fifths, key.mode if key.mode in ("major", "minor") else "")
