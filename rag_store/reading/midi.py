"""Standard MIDI Files as transcripts.

What is read
------------
Formats 0 and 1 with a metrical division. A part is the notes of one channel and program; where just two
tracks share them (the two hands of a pianist), each track is one. Channel 10 is one part of drums. Of a
keyboard's part that spans two staves two parts are made (`rag_store.reading.hands`). A note that is struck
again while it sounds ends there; one that is never released ends with its track. Not read: pedals, pitch
bends, controllers, lyrics, what follows the last note.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from chiaroscore import InputError
from notation.instruments import instrument
from rag_store.reading.hands import hands
from rag_store.reading.measures import measures
from rag_store.reading.midi_tracks import DRUM_CHANNEL, Tracks, file_bytes, parsed, tracks_of
from rag_store.reading.quantise import Beats, Played, beats_of, quantised
from rag_store.reading.signatures import meters_of, pickup_of
from rag_store.reading.transcript import Part, Signature, Sound, Tempo, Transcript

MAX_QUARTERS = 20_000
#: Mean distance of onsets to the grid, in quarter notes, from which on a file is a performance without
#: relation to its own beats. Of 151 game pieces those written in a sequencer lie 0 to 0.023 off; the same
#: with another length of the beat, so without relation to it, 0.027 to 0.036.
MAX_ERROR = 0.025
#: Fewer onsets are not judged.
_LEAST_JUDGED = 24
#: Track names that say what a part does; the others (addresses, devices, numbers) are not the score's.
_ROLE = re.compile(
    r"(?i)\b(melody|lead|solo(ist)?|voice|vocals?|theme|harmony|counter|rhythm|chords?|pads?|bass)\b"
)


def read_midi(source: str | os.PathLike[str] | bytes) -> Transcript:
    """Return the music of a MIDI file, on a grid.

    Parameters
    ----------
    source
        A path, or the bytes of the file.

    Returns
    -------
    Transcript
        Its remarks say how far the notes were moved onto the grid and what was left out.

    Raises
    ------
    InputError
        If it cannot be read, is of format 2 or in SMPTE time, is too large, has no notes, or if its notes
        have no relation to its beats.
    """
    data, name = file_bytes(source)
    file = parsed(data, name)
    raw = tracks_of(file, name)
    if not raw.notes:
        raise InputError(f"{name} has no notes; there is nothing to read")
    return _transcript(raw, file.ticks_per_beat, name)


# -- from ticks to bars ----------------------------------------------------------------------------------


def _transcript(raw: Tracks, ticks: int, name: str) -> Transcript:
    last = max(note[0] for notes in raw.notes.values() for note in notes)
    end = max(note[1] for notes in raw.notes.values() for note in notes)
    if end > MAX_QUARTERS * ticks:
        raise InputError(f"{name} is {end // ticks:,} quarter notes long, the limit is {MAX_QUARTERS:,}")
    meters, remarks = meters_of([(Fraction(at, ticks), top, bottom) for at, top, bottom in raw.meters])
    pickup, meters = pickup_of(meters)
    frame = Transcript((_frame(max(end, last + 1), ticks),), meters, pickup=pickup)
    beats = beats_of(measures(frame))
    parts, error, doubled = _parts(raw, ticks, beats)
    _judge(error, name)
    return Transcript(
        parts=parts,
        meters=meters,
        tempi=_tempi(raw, ticks),
        signatures=_signatures(raw, ticks),
        pickup=pickup,
        title=_title(raw),
        remarks=(*remarks, *_remarks(raw, error, doubled)),
    )


def _frame(end: int, ticks: int) -> Part:
    """Return a part that sounds as long as the file: bars are counted by it."""
    return Part("", 0, False, (Sound(Fraction(0), Fraction(end, ticks), 60),))


def _judge(errors: np.ndarray[tuple[int], np.dtype[np.float64]], name: str) -> None:
    if len(errors) >= _LEAST_JUDGED and errors.mean() > MAX_ERROR:
        raise InputError(
            f"{name} is played without relation to its beats: notes lie {errors.mean():.3f} of a quarter "
            f"note off the grid on average, {MAX_ERROR} is the limit; quantise it in a sequencer"
        )


def _parts(
    raw: Tracks, ticks: int, beats: Beats
) -> tuple[tuple[Part, ...], np.ndarray[tuple[int], np.dtype[np.float64]], int]:
    found: list[Part] = []
    errors, doubled = [np.zeros(0)], 0
    for (channel, program), tracks in _players(raw).items():
        for group in tracks:
            notes = [note for track in group for note in raw.notes[channel, program, track]]
            result = quantised([_played(note, ticks) for note in notes], beats)
            errors.append(result.errors)
            doubled += result.doubled
            part = Part(_name(raw, channel, program, group), program, channel == DRUM_CHANNEL, result.notes)
            found += [part] if part.drums else hands(part)
    found.sort(key=lambda part: part.drums)
    return tuple(found), np.concatenate(errors), doubled


def _players(raw: Tracks) -> dict[tuple[int, int], list[tuple[int, ...]]]:
    """Return by channel and program the tracks of each of its parts."""
    tracks: dict[tuple[int, int], list[int]] = {}
    for channel, program, track in sorted(raw.notes, key=lambda key: (key[2], key[0], raw.notes[key][0])):
        tracks.setdefault((channel, program), []).append(track)
    return {
        player: [(one,) for one in own] if len(own) == 2 and player[0] != DRUM_CHANNEL else [tuple(own)]
        for player, own in tracks.items()
    }


def _played(note: tuple[int, int, int, int], ticks: int) -> Played:
    start, end, pitch, velocity = note
    return Played(start / ticks, end / ticks, pitch, velocity)


def _name(raw: Tracks, channel: int, program: int, tracks: Sequence[int]) -> str:
    """Return the track's name where it says what this part alone does, else the instrument's."""
    usual = "Drum Kit" if channel == DRUM_CHANNEL else instrument(program).name
    if len(tracks) > 1 or channel == DRUM_CHANNEL:
        return usual
    alone = sum(1 for _, _, track in raw.notes if track == tracks[0]) == 1
    named = raw.names.get(tracks[0], "")
    return named if alone and _ROLE.search(named) else usual


def _tempi(raw: Tracks, ticks: int) -> tuple[Tempo, ...]:
    chosen = {at: qpm for at, qpm in sorted(raw.tempi, key=lambda one: one[0])}
    return tuple(Tempo(Fraction(at, ticks), qpm) for at, qpm in chosen.items())


def _signatures(raw: Tracks, ticks: int) -> tuple[Signature, ...]:
    found: list[Signature] = []
    for at, key in sorted(raw.keys, key=lambda one: one[0]):
        mode = "minor" if key.endswith("m") else "major"
        one = Signature(Fraction(at, ticks), _fifths(key), mode)
        if found and found[-1].onset == one.onset:
            continue
        if not found or (found[-1].fifths, found[-1].mode) != (one.fifths, one.mode):
            found.append(one)
    return tuple(found)


def _fifths(key: str) -> int:
    tonic = key.removesuffix("m")
    place = "FCGDAEB".index(tonic[0]) - 1 + 7 * (tonic.count("#") - tonic.count("b"))
    return place - 3 if key.endswith("m") else place


def _title(raw: Tracks) -> str:
    """Return the name of the first track if it is one without notes: the title by custom."""
    sounding = {track for _, _, track in raw.notes}
    return raw.names.get(0, "") if 0 not in sounding or len(sounding) == 1 else ""


def _remarks(raw: Tracks, errors: np.ndarray[tuple[int], np.dtype[np.float64]], doubled: int) -> list[str]:
    moved = float(errors.mean()) if len(errors) else 0.0
    found = (
        [f"notes moved onto the grid by {moved:.4f} of a quarter note on average"] if moved > 0.0005 else []
    )
    found += [f"{doubled} notes left out, struck twice at one place"] if doubled else []
    return [*found, "pitch bends are not read"] if raw.bends else found
