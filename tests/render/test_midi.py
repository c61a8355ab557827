"""MIDI files: what mido and symusic read back is the performance, and abc2midi plays the same."""

from __future__ import annotations

import io
import os
import pathlib
import subprocess
from collections.abc import Callable
from fractions import Fraction

import mido
import pytest
import symusic

from chiaroscore import NotationError, RenderError
from notation import Sounding, Tune, Voice
from render import midi
from render.standard_midi import signature

NAMES = ["band", "changes", "pickup", "song", "ties"]
Make = Callable[..., Tune]


def read(data: bytes) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(data), charset="utf-8")


def struck(file: mido.MidiFile) -> list[tuple[int, int, Fraction, Fraction, int]]:
    """(track, pitch, onset, duration, velocity) of every note, times in quarters; tracks count from 0."""
    found = []
    for index, track in enumerate(file.tracks[1:]):
        tick, held = 0, {}
        for message in track:
            tick += message.time
            if message.type == "note_on":
                assert message.note not in held, "struck while held"
                held[message.note] = (tick, message.velocity)
            elif message.type == "note_off":
                start, velocity = held.pop(message.note)
                scale = file.ticks_per_beat
                found.append(
                    (index, message.note, Fraction(start, scale), Fraction(tick - start, scale), velocity)
                )
        assert not held
    return sorted(found)


def seconds(data: bytes, folder: pathlib.Path) -> tuple[list[tuple[bool, int, float]], float]:
    """(is drum, pitch, onset in seconds) of every note by symusic, and when the last one ends."""
    path = folder / "read.mid"
    path.write_bytes(data)
    score = symusic.Score(path, ttype="second")
    notes = [(track.is_drum, note.pitch, note.start) for track in score.tracks for note in track.notes]
    return sorted(notes), max(note.end for track in score.tracks for note in track.notes)


@pytest.mark.parametrize("name", NAMES)
def test_mido_reads_the_performance_back(tunes: dict[str, Tune], name: str) -> None:
    tune = tunes[name]
    file = read(midi(tune))
    expected = sorted((n.voice, n.pitch, n.onset, n.duration, n.velocity) for n in tune.performance.notes)
    assert struck(file) == expected
    assert file.type == 1
    assert len(file.tracks) == 1 + len(tune.voices)
    ends = {sum(message.time for message in track) for track in file.tracks}
    assert ends == {tune.performance.duration * file.ticks_per_beat}


@pytest.mark.parametrize("name", NAMES)
def test_symusic_hears_it_at_the_same_seconds(
    tunes: dict[str, Tune], name: str, tmp_path: pathlib.Path
) -> None:
    played = tunes[name].performance
    notes, end = seconds(midi(tunes[name]), tmp_path)
    expected = sorted(
        (tunes[name].voices[n.voice].percussion, n.pitch, played.seconds(n.onset)) for n in played.notes
    )
    assert [row[:2] for row in notes] == [row[:2] for row in expected]
    assert [row[2] for row in notes] == pytest.approx([row[2] for row in expected], abs=1e-4)
    assert end == pytest.approx(max(played.seconds(n.onset + n.duration) for n in played.notes), abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_abc2midi_plays_the_same(tunes: dict[str, Tune], name: str, tmp_path: pathlib.Path) -> None:
    source, target = tmp_path / "tune.abc", tmp_path / "tune.mid"
    source.write_text(tunes[name].abc)
    command = [os.environ["SYMUSIC_ABC2MIDI"], str(source), "-o", str(target)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    assert "Error" not in said
    theirs, their_end = seconds(target.read_bytes(), tmp_path)
    ours, our_end = seconds(midi(tunes[name]), tmp_path)
    assert [row[:2] for row in ours] == [row[:2] for row in theirs]
    # abc2midi starts at its tick 1 and rounds to 480ths of a quarter.
    assert [row[2] for row in ours] == pytest.approx([row[2] for row in theirs], abs=0.01)
    assert our_end == pytest.approx(their_end, abs=0.01)


def test_band_has_names_programs_channels_and_mix(tunes: dict[str, Tune]) -> None:
    file = read(midi(tunes["band"]))
    assert [track.name for track in file.tracks] == ["Harbour at Dusk", "Flute", "Piano", "Bass", "Drums"]
    setup = {
        track.name: {m.type if m.type != "control_change" else m.control: m for m in track if not m.is_meta}
        for track in file.tracks[1:]
    }
    assert [setup[name]["program_change"].program for name in setup] == [73, 0, 32, 0]
    assert [setup[name]["program_change"].channel for name in setup] == [0, 1, 2, 9]
    assert all({7, 10, 91} <= set(messages) for messages in setup.values())
    conductor = [message for message in file.tracks[0] if message.type != "end_of_track"]
    assert [m.type for m in conductor] == ["track_name", "time_signature", "key_signature", "set_tempo"]
    assert conductor[2].key == "Dm"
    assert mido.tempo2bpm(conductor[3].tempo) == pytest.approx(92, rel=1e-6)


def test_changes_of_tempo_meter_and_key_are_where_they_are_played(tunes: dict[str, Tune]) -> None:
    file, tick, found = read(midi(tunes["changes"])), 0, []
    for message in file.tracks[0]:
        tick += message.time
        if message.type == "set_tempo":
            found.append((tick / file.ticks_per_beat, round(mido.tempo2bpm(message.tempo))))
        elif message.type == "time_signature":
            found.append((tick / file.ticks_per_beat, f"{message.numerator}/{message.denominator}"))
        elif message.type == "key_signature":
            found.append((tick / file.ticks_per_beat, message.key))
    assert sorted(found, key=str) == sorted(
        [(0, 120), (4, 60), (11, 90), (0, "4/4"), (8, "3/4"), (0, "A"), (8, "Dm")], key=str
    )
    # 4 quarters at 120, 4 + 3 at 60, 3 + 3 at 90: 2 + 7 + 4 seconds
    assert file.length == pytest.approx(13.0, abs=1e-4)


def test_trailing_rest_is_kept(tunes: dict[str, Tune]) -> None:
    file = read(midi(tunes["ties"]))
    assert file.length == pytest.approx(20 * 0.6)
    assert max(onset + length for _, _, onset, length, _ in struck(file)) == 16


def test_the_same_bytes_twice_from_text_or_tune(band: str, tunes: dict[str, Tune]) -> None:
    assert midi(band) == midi(tunes["band"])


def test_note_off_comes_before_note_on_of_the_same_tick(make_tune: Make) -> None:
    track = read(midi(make_tune([(0, 60, 0, 1), (0, 60, 1, 1)]))).tracks[1]
    keys = [(m.type, m.time) for m in track if m.type.startswith("note")]
    assert keys == [("note_on", 0), ("note_off", 480), ("note_on", 0), ("note_off", 480)]


def test_a_key_struck_while_held_is_released_first(make_tune: Make) -> None:
    file = read(midi(make_tune([(0, 60, 0, 4), (0, 60, 1, 1)])))
    assert [(onset, length) for _, _, onset, length, _ in struck(file)] == [(0, 1), (1, 1)]


def test_the_same_key_twice_at_once_sounds_once_and_longest(make_tune: Make) -> None:
    file = read(midi(make_tune([(0, 60, 0, 1), (0, 60, 0, 3)])))
    assert [(onset, length) for _, _, onset, length, _ in struck(file)] == [(0, 3)]


def test_two_drum_voices_share_channel_ten_without_cutting_each_other(make_tune: Make) -> None:
    kit = (Voice(id="D1", percussion=True), Voice(id="D2", percussion=True))
    file = read(midi(make_tune([(0, 36, 1, 1), (1, 36, 0, 1)], voices=kit)))
    merged = [m for m in mido.merge_tracks(file.tracks) if m.type.startswith("note")]
    assert [m.type for m in merged] == ["note_on", "note_off", "note_on", "note_off"]
    assert {m.channel for m in merged} == {9}


def test_septuplets_get_a_finer_clock(make_tune: Make) -> None:
    seventh = Fraction(1, 7)
    file = read(midi(make_tune([(0, 60 + i, i * seventh, seventh) for i in range(7)])))
    assert file.ticks_per_beat == 3360
    assert [onset for _, _, onset, _, _ in struck(file)] == [i * seventh for i in range(7)]


def test_a_clock_too_fine_for_the_format_is_rounded(make_tune: Make) -> None:
    odd = Fraction(1, 104729)
    file = read(midi(make_tune([(0, 60, odd, 1), (0, 62, 2, odd)])))
    assert file.ticks_per_beat == 20160
    assert [length for _, _, _, length, _ in struck(file)] == [1, Fraction(1, 20160)]  # never of no length


def test_sixteen_voices_share_channels_by_program(make_tune: Make) -> None:
    voices = tuple(Voice(id=str(i), program=40 + i % 3) for i in range(16))
    file = read(midi(make_tune([(i, 40 + i, 0, 1) for i in range(16)], voices=voices)))
    used = [next(m.channel for m in track if m.type == "note_on") for track in file.tracks[1:]]
    assert used == [i % 3 for i in range(16)]


def test_fifteen_voices_of_one_program_keep_their_own_channels(make_tune: Make) -> None:
    voices = tuple(Voice(id=str(i), program=48) for i in range(15))
    file = read(midi(make_tune([(i, 60, 0, 1) for i in range(15)], voices=voices)))
    used = [next(m.channel for m in track if m.type == "note_on") for track in file.tracks[1:]]
    assert used == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15]


def test_title_in_any_script_and_no_control_codes(make_tune: Make) -> None:
    file = read(midi(make_tune([(0, 60, 0, 1)], title="Večer\x07 夕方\nsecond")))
    assert file.tracks[0].name == "Večer 夕方 - second"


@pytest.mark.parametrize(
    ("tonic", "mode", "name"),
    [
        ("C", "major", "C"),
        ("Bb", "minor", "Bbm"),
        ("D", "dorian", "C"),
        ("E", "phrygian", "C"),
        ("F#", "mixolydian", "B"),
        ("F", "lydian", "C"),
        ("B", "locrian", "C"),
        ("Cb", "major", "Cb"),
        ("A#", "minor", "A#m"),
        ("G#", "major", None),
        ("", "none", None),
    ],
)
def test_key_signature_names(make_tune: Make, tonic: str, mode: str, name: str | None) -> None:
    tune = make_tune([(0, 60, 0, 1)], key=(tonic, mode))
    assert signature(tune.key) == name
    keys = [m.key for m in read(midi(tune)).tracks[0] if m.type == "key_signature"]
    assert keys == ([] if name is None else [name])


def test_free_meter_is_left_out(make_tune: Make) -> None:
    conductor = read(midi(make_tune([(0, 60, 0, 1)], meter=(0, 0)))).tracks[0]
    assert "time_signature" not in [m.type for m in conductor]


def test_velocity_stays_within_what_sounds(make_tune: Make) -> None:
    for asked, written in ((0, 1), (200, 127)):
        assert struck(read(midi(make_tune([(0, 60, 0, 1)], velocity=asked))))[0][4] == written


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": [(0, 128, 0, 1)]}, "pitch 128"),
        ({"rows": [(0, 60, 0, 1)], "qpm": 3.0}, "tempo of 3"),
        ({"rows": [(0, 60, 0, 1)], "qpm": float("inf")}, "tempo of inf"),
        (
            {"rows": [], "voices": tuple(Voice(id=str(i), program=i) for i in range(16))},
            "16 different instruments",
        ),
    ],
)
def test_what_midi_cannot_say_is_an_error(make_tune: Make, change: dict[str, object], words: str) -> None:
    with pytest.raises(RenderError, match=words):
        midi(make_tune(**change))


def test_prose_is_not_a_tune() -> None:
    with pytest.raises(NotationError):
        midi("Here is a lovely tune for you!")


def test_a_performance_is_not_changed_by_rendering(tunes: dict[str, Tune]) -> None:
    before = tunes["band"].performance.notes
    midi(tunes["band"])
    assert tunes["band"].performance.notes == before
    assert all(isinstance(note, Sounding) for note in before)
