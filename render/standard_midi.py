"""A tune's performance as a Standard MIDI File.

Conventions
----------- Format 1: a conductor track (title, tempi, time and key signatures), then one track a voice. Times
are ticks from the start. A quarter note is 480 ticks, which holds 1/64 notes (30), triplets of them (20) and
quintuplets of sixteenths (96) exactly; a tune that needs more (septuplets, odd grace notes) gets the least
multiple of 480 that is exact for it; swung times are rounded. Nothing is humanised unless a seed is given
(see `render.humanise`): the same tune and seed give the same bytes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import mido

from chiaroscore import RenderError
from notation import KeyChange, Tune
from render.channels import channels, mix, program
from render.humanise import humanised, ritard
from render.source import one_line, tune_of
from render.struck import Struck, separated
from render.swing import swung

TICKS = 480
#: The division field of the file header has 15 bits.
MAX_TICKS = 32767
#: Used, with rounding, where no multiple of 480 is exact: 2^6 * 3^2 * 5 * 7.
FINE_TICKS = 20160
#: A tempo is written in 24 bits of microseconds a quarter note.
MAX_TEMPO = 0xFFFFFF

_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_MODES = {"lydian": 1, "major": 0, "ionian": 0, "mixolydian": -1, "dorian": -2, "minor": -3, "aeolian": -3}
_MODES |= {"phrygian": -4, "locrian": -5}
_MAJOR = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"]
_MINOR = ["Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m"]

_Timed = tuple[int, mido.Message | mido.MetaMessage]


def midi(tune: Tune | str, *, swing: float = 0.0, humanise: int | None = None) -> bytes:
    """Return the performance of ``tune`` as the bytes of a Standard MIDI File, format 1.

    Each voice's track starts with its name, program, volume, pan and reverb. Percussion is on channel 10. A
    key struck again on a channel while it sounds is released first; the same key struck twice at once sounds
    once. Every track ends at the full length of the performance, so trailing rests are kept.

    Parameters
    ----------
    tune : Tune or str
        A parsed tune, or ABC text.
    swing : float, optional
        0 plays as written; 1 moves what lies in the middle of a quarter-note beat to its last triplet, and
        the rest of the beat in proportion; see `render.swing`. Number of notes and length stay.
    humanise : int, optional
        Seed of a performance: times depart by some milliseconds, loudness by accents and phrases, the last
        bar slows; see `render.humanise`. None plays exactly what is written.

    Raises
    ------
    RenderError
        If ``swing`` is not between 0 and 1, or a pitch, tempo, instrument count or meter cannot be written
        as MIDI.
    NotationError
        If a text is not ABC.
    """
    tune = tune_of(tune)
    ticks = resolution(tune)
    struck = _struck(tune, ticks, swung(tune, swing))
    if humanise is not None:
        struck = humanised(struck, tune, ticks, channels(tune), humanise)
    end = max([round(tune.performance.duration * ticks), *(note.off for note in struck)])
    file = mido.MidiFile(type=1, ticks_per_beat=ticks, charset="utf-8")
    file.tracks.append(_track(_conductor(tune, ticks, ritard(tune) if humanise is not None else ()), end))
    for index, channel in enumerate(channels(tune)):
        notes = [note for note in struck if note.voice == index]
        file.tracks.append(_track([*_setup(tune, index, channel), *_keys(notes, channel)], end))
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def resolution(tune: Tune) -> int:
    """Return the ticks a quarter note: 480, or the least multiple of it that is exact for ``tune``.

    Where that would exceed the file format's 32767, it is 20160 and times are rounded (by at most 1/40320
    quarter).
    """
    played = tune.performance
    ticks = math.lcm(TICKS, played.duration.denominator)
    for note in played.notes:
        ticks = math.lcm(ticks, note.onset.denominator, note.duration.denominator)
        if ticks > MAX_TICKS:
            return FINE_TICKS
    for onset in [tempo.onset for tempo in played.tempi] + [meter.onset for meter in played.meters]:
        ticks = math.lcm(ticks, onset.denominator)
    return ticks if ticks <= MAX_TICKS else FINE_TICKS


def _struck(tune: Tune, ticks: int, played_at: Callable[[Fraction], Fraction]) -> list[Struck]:
    """Keys as they go down, sorted by time; no key of a channel is struck while it is down."""
    given = channels(tune)
    first: dict[tuple[int, int, int], Struck] = {}
    for note in sorted(tune.performance.notes, key=lambda n: (n.onset, n.voice, n.pitch)):
        if not 0 <= note.pitch <= 127:
            raise RenderError(
                f"voice {tune.voices[note.voice].id!r} plays pitch {note.pitch}, and MIDI has 0 to 127; "
                "check the octave marks and transpose= of that voice"
            )
        on = round(played_at(note.onset) * ticks)
        off = max(on + 1, round(played_at(note.onset + note.duration) * ticks))
        new = Struck(note.voice, note.pitch, min(127, max(1, note.velocity)), on, off)
        same = first.setdefault((given[note.voice], note.pitch, on), new)
        same.off, same.velocity = max(same.off, off), max(same.velocity, new.velocity)
    return separated(first.values(), given)


def _setup(tune: Tune, index: int, channel: int) -> Iterator[_Timed]:
    """Yield a voice's name and the state of its channel."""
    voice = tune.voices[index]
    levels = mix(voice)
    yield (
        0,
        mido.MetaMessage(
            "track_name", name=one_line(voice.name) or one_line(voice.id) or f"Voice {index + 1}"
        ),
    )
    yield (
        0,
        mido.Message("program_change", channel=channel, program=0 if voice.percussion else program(voice)),
    )
    for control, value in ((7, levels.volume), (10, levels.pan), (91, levels.reverb)):
        yield 0, mido.Message("control_change", channel=channel, control=control, value=value)


def _keys(notes: Iterable[Struck], channel: int) -> list[_Timed]:
    """Return note-ons and note-offs by time, the note-offs of a tick before its note-ons."""
    keyed: list[tuple[int, int, int, mido.Message]] = []
    for note in notes:
        common = {"channel": channel, "note": note.pitch}
        keyed.append((note.on, 1, note.pitch, mido.Message("note_on", velocity=note.velocity, **common)))
        keyed.append((note.off, 0, note.pitch, mido.Message("note_off", velocity=64, **common)))
    keyed.sort(key=lambda item: item[:3])
    return [(tick, message) for tick, _, _, message in keyed]


def _conductor(tune: Tune, ticks: int, slowing: Iterable[tuple[Fraction, float]]) -> list[_Timed]:
    """Return title, time signatures, key signatures and tempi, by time."""
    items: list[_Timed] = []
    for meter in tune.performance.meters:
        if _writable(meter.numerator, meter.denominator):
            items.append((round(meter.onset * ticks), _time_signature(meter.numerator, meter.denominator)))
    items += [(round(at * ticks), key) for at, key in _key_signatures(tune)]
    tempi = tune.performance.tempi or (tune.tempo,)
    for index, tempo in enumerate(tempi):
        # The first tempo holds from the start, wherever it was written: Performance.seconds counts so too.
        items.append(
            (
                round(tempo.onset * ticks) if index else 0,
                mido.MetaMessage("set_tempo", tempo=_micros(tempo.qpm)),
            )
        )
    items += [(round(at * ticks), mido.MetaMessage("set_tempo", tempo=_micros(qpm))) for at, qpm in slowing]
    items.sort(key=lambda item: item[0])
    return [(0, mido.MetaMessage("track_name", name=one_line(tune.title) or "Untitled")), *items]


def _writable(numerator: int, denominator: int) -> bool:
    """Whether a meter fits the file format; free meter (0, 0) and odd denominators do not."""
    return 1 <= numerator <= 255 and denominator > 0 and denominator & (denominator - 1) == 0


def _time_signature(numerator: int, denominator: int) -> mido.MetaMessage:
    """Return a time signature whose metronome clicks the felt beat: dotted in 6/8, 9/8 and 12/8."""
    compound = denominator >= 8 and numerator > 3 and numerator % 3 == 0
    clocks = min(255, max(1, 96 // denominator * (3 if compound else 1)))
    return mido.MetaMessage(
        "time_signature", numerator=numerator, denominator=denominator, clocks_per_click=clocks
    )


def _micros(qpm: float) -> int:
    """Return a tempo as microseconds a quarter note."""
    micros = round(60e6 / qpm) if math.isfinite(qpm) and qpm > 0 else 0
    if not 1 <= micros <= MAX_TEMPO:
        raise RenderError(
            f"a tempo of {qpm:g} quarter notes a minute cannot be written as MIDI; choose one from 4 to 1000"
        )
    return micros


def _key_signatures(tune: Tune) -> list[tuple[Fraction, mido.MetaMessage]]:
    """Return key signatures in played time.

    A performance knows no keys, but each sounding note knows its place in the text: the key in force where a
    note of the first pitched voice was written holds when it is played, through every repeat.
    """
    lead = next((i for i, voice in enumerate(tune.voices) if not voice.percussion), None)
    changes = [] if lead is None else sorted(tune.voices[lead].keys, key=lambda change: change.onset)
    found = [(Fraction(0), tune.key)]
    if lead is not None and len(changes) > 0:
        written = {note.span: note.onset for note in reversed(tune.voices[lead].notes)}
        for note in tune.performance.notes:
            if note.voice == lead and note.span in written:
                at = written[note.span]
                key = next((change for change in reversed(changes) if change.onset <= at), tune.key)
                if signature(key) != signature(found[-1][1]):
                    found.append((note.onset, key))
    named = [(onset, signature(key)) for onset, key in found]
    return [(onset, mido.MetaMessage("key_signature", key=name)) for onset, name in named if name]


def signature(key: KeyChange) -> str | None:
    """Return MIDI's name of a key signature, ``"D"`` or ``"Bm"``; None where there is none.

    Modes take the major key of the same accidentals: D dorian is written as C. Keys of more than seven
    accidentals (G# major) and tunes without a key have none.
    """
    if key.tonic[:1] not in _FIFTHS or key.mode not in _MODES:
        return None
    alteration = key.tonic.count("#") - key.tonic.count("b")
    fifths = _FIFTHS[key.tonic[0]] + 7 * alteration + _MODES[key.mode]
    if abs(fifths) > 7:
        return None
    return (_MINOR if key.mode in ("minor", "aeolian") else _MAJOR)[fifths + 7]


def _track(items: Iterable[_Timed], end: int) -> mido.MidiTrack:
    """Return a track of delta times that ends at tick ``end``."""
    track = mido.MidiTrack()
    at = 0
    for tick, message in items:
        track.append(message.copy(time=tick - at))
        at = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, end - at)))
    return track
