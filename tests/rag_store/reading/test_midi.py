"""MIDI files read onto a grid."""

from __future__ import annotations

import io
import random
import struct
from collections import Counter
from fractions import Fraction
from pathlib import Path

import mido
import pytest

import render
from chiaroscore import InputError
from notation import parse
from rag_store.builtin import data_folder
from rag_store.reading.abc_text import to_abc
from rag_store.reading.hands import hands
from rag_store.reading.midi import read_midi
from rag_store.reading.midi_tracks import MAX_BYTES
from rag_store.reading.transcript import Meter, Part, Sound
from rag_store.reading.wad import midi_lumps, mus_lumps

F = Fraction


def midi_file(*tracks: list[mido.Message | mido.MetaMessage], kind: int = 1, ticks: int = 480) -> bytes:
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    file.tracks += [mido.MidiTrack(track) for track in tracks]
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def line(notes: list[tuple[int, int, int]], channel: int = 0, program: int | None = 0) -> list[mido.Message]:
    """Messages of notes (tick, length, pitch)."""
    keyed = [(at, 1, pitch, 80) for at, _, pitch in notes]
    keyed += [(at + length, 0, pitch, 0) for at, length, pitch in notes]
    out = [] if program is None else [mido.Message("program_change", channel=channel, program=program)]
    now = 0
    for at, _, pitch, velocity in sorted(keyed):
        out.append(mido.Message("note_on", channel=channel, note=pitch, velocity=velocity, time=at - now))
        now = at
    return out


_END = mido.MetaMessage("end_of_track", time=2**27)


def times(part: Part) -> list[tuple[Fraction, Fraction, int]]:
    return [(note.onset, note.duration, note.pitch) for note in part.notes]


def test_renders_come_back_note_for_note() -> None:
    for path in sorted(data_folder().joinpath("exemplars").glob("*.abc"))[::9]:
        tune = parse(path.read_text("utf-8"))
        read = read_midi(render.midi(tune))
        again = parse(to_abc(read))
        wanted = Counter((note.onset, note.pitch) for note in tune.performance.notes)
        # the writer of MIDI sounds a pitch once where two voices of a channel strike it together
        assert set(Counter((note.onset, note.pitch) for note in again.performance.notes)) == set(wanted)
        assert (again.meter.numerator, again.meter.denominator) == (
            tune.meter.numerator,
            tune.meter.denominator,
        )


def test_unsteady_playing_is_moved_to_the_simplest_grid_near_it() -> None:
    rng = random.Random("unsteady")
    steady = [(n * 240, 200, 60 + n % 5) for n in range(64)]
    unsteady = [(max(0, at + rng.randint(-20, 20)), length, pitch) for at, length, pitch in steady]
    notes = read_midi(midi_file(line(unsteady, program=73))).parts[0].notes
    assert [(note.onset, note.duration, note.pitch) for note in notes] == [
        (F(at, 480), F(1, 2), pitch) for at, _, pitch in steady
    ]


def test_triplets_and_sixteenths_stand_side_by_side() -> None:
    starts = [0, 160, 320, 480, 600, 720, 840]
    read = read_midi(midi_file(line([(at, 100, 60) for at in starts], program=73)))
    assert [note.onset for note in read.parts[0].notes] == [F(at, 480) for at in starts]


def test_playing_without_relation_to_the_beats_is_refused() -> None:
    rng = random.Random("free")
    free = [(rng.randrange(0, 480 * 60), 100, rng.randrange(50, 80)) for _ in range(200)]
    with pytest.raises(InputError, match="without relation to its beats"):
        read_midi(midi_file(line(free)))


def test_a_part_is_a_channel_and_a_program() -> None:
    first = line([(0, 480, 72)], 0, 73) + line([(480, 480, 74)], 0, 40)
    other = line([(0, 480, 48)], 1, 32)
    drums = line([(0, 10, 36), (480, 10, 38)], 9, None)
    parts = read_midi(midi_file(first, other, drums)).parts
    assert [(part.program, part.drums, part.name) for part in parts] == [
        (73, False, "Flute"), (40, False, "Violin"), (32, False, "Acoustic Bass"), (0, True, "Drum Kit"),
    ]  # fmt: skip


def test_a_track_name_is_kept_where_it_names_a_role() -> None:
    named = [mido.MetaMessage("track_name", name="Lead 1"), *line([(0, 480, 72)], 0, 73)]
    address = [mido.MetaMessage("track_name", name="me@example.org"), *line([(0, 480, 72)], 1, 40)]
    assert [part.name for part in read_midi(midi_file(named, address)).parts] == ["Lead 1", "Violin"]


def test_signatures_tempo_and_title_are_read() -> None:
    head = [
        mido.MetaMessage("track_name", name="Waltz"),
        mido.MetaMessage("time_signature", numerator=3, denominator=4),
        mido.MetaMessage("key_signature", key="F#m"),
        mido.MetaMessage("set_tempo", tempo=400_000),
        mido.MetaMessage("time_signature", numerator=2, denominator=4, time=480 * 6),
    ]
    read = read_midi(midi_file(head, line([(0, 480 * 8, 66)])))
    assert read.title == "Waltz"
    assert read.meters == (Meter(F(0), 3, 4), Meter(F(6), 2, 4))
    assert [(one.fifths, one.mode) for one in read.signatures] == [(3, "minor")]
    assert read.tempi[0].qpm == pytest.approx(150)


def test_a_first_short_bar_is_a_pickup() -> None:
    head = [
        mido.MetaMessage("time_signature", numerator=1, denominator=4),
        mido.MetaMessage("time_signature", numerator=3, denominator=4, time=480),
    ]
    read = read_midi(midi_file(head, line([(0, 480, 67), (480, 1440, 72)])))
    assert (read.pickup, read.meters) == (F(1), (Meter(F(0), 3, 4),))


def test_a_signature_inside_a_bar_ends_it() -> None:
    head = [mido.MetaMessage("time_signature", numerator=3, denominator=4, time=480 * 6)]
    read = read_midi(midi_file(head, line([(0, 480 * 9, 60)])))
    assert read.meters == (Meter(F(0), 4, 4), Meter(F(4), 2, 4), Meter(F(6), 3, 4))


def test_notes_never_released_end_with_the_track_and_struck_again_end_there() -> None:
    track = [
        mido.Message("note_on", note=60, velocity=80),
        mido.Message("note_on", note=60, velocity=80, time=480),
        mido.MetaMessage("end_of_track", time=960),
    ]
    assert times(read_midi(midi_file(track)).parts[0]) == [(0, 1, 60), (1, 2, 60)]


def test_an_impossible_key_signature_does_not_cost_the_file() -> None:
    good = midi_file([mido.MetaMessage("key_signature", key="F")], line([(0, 480, 60)]))
    bad = good.replace(b"\xff\x59\x02\xff\x00", b"\xff\x59\x02\x01\xff")
    assert bad != good
    assert read_midi(bad).signatures == ()
    assert times(read_midi(bad).parts[0]) == times(read_midi(good).parts[0])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "broken or no MIDI"),
        (b"RIFFnot midi at all", "broken or no MIDI"),
        (midi_file(line([(0, 480, 60)]))[:-9], "broken or no MIDI"),
        (midi_file([]), "no notes"),
        (midi_file(line([(0, 480, 60)]), kind=2), "format 2"),
        (b"MThd" + struct.pack(">IHHh", 6, 1, 1, -6360) + b"MTrk\0\0\0\4\0\xff\x2f\0", "SMPTE"),
        (b"MThd" + b"\0" * MAX_BYTES, "larger than"),
        (midi_file([mido.Message("note_on", note=60, velocity=9), _END]), "quarter notes long"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_midi(data)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.mid"):
        read_midi(tmp_path / "gone.mid")


def test_two_hands_of_one_track_are_two_staves() -> None:
    notes = [Sound(F(n), F(1), pitch) for n in range(16) for pitch in (36 + n % 5, 43, 72, 76 + n % 3)]
    right, left = hands(Part("Piano", 0, False, tuple(notes)))
    assert (right.name, left.name) == ("Piano right hand", "Piano left hand")
    assert min(note.pitch for note in right.notes) == 72
    assert max(note.pitch for note in left.notes) == 43
    flute = Part("Flute", 73, False, tuple(notes))
    assert hands(flute) == [flute]


def test_music_in_a_wad_is_found_by_its_lumps(tmp_path: Path) -> None:
    song = midi_file(line([(0, 480, 60)]))
    lumps = [(b"D_E1M1", song), (b"PALETTE", b"\0" * 9), (b"D_OLD", b"MUS\x1a\0\0")]
    body = b"".join(data for _, data in lumps)
    at, directory = 12, b""
    for name, data in lumps:
        directory += struct.pack("<ii8s", at, len(data), name)
        at += len(data)
    path = tmp_path / "a.wad"
    path.write_bytes(b"PWAD" + struct.pack("<ii", 3, 12 + len(body)) + body + directory)
    assert midi_lumps(path) == [("D_E1M1", song)]
    assert mus_lumps(path) == ["D_OLD"]


@pytest.mark.parametrize("data", [b"", b"PK\3\4" + b"\0" * 20, b"IWAD" + struct.pack("<ii", 9, 12)])
def test_what_is_no_wad_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b.wad"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"WAD"):
        midi_lumps(path)
