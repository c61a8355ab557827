"""Every format gives the same notes; what cannot be read is said."""

import io
import zipfile

import mido
import numpy as np
import pytest

from chiaroscore import ChiaroscoreError, InputError
from evaluation import excerpt, measure, melody_only, read_folder, read_notes, sample_of
from evaluation.reading import MOST_BYTES
from notation import parse
from render import midi, musicxml

ABC = """X:1
T:Two voices
M:3/4
L:1/4
Q:1/4=90
K:G
V:1
GAB|c2d|e-e2|d3|]
V:2 clef=bass
G,,3|C,3|C,3|[D,F,A,]3|]
"""


@pytest.fixture
def files(tmp_path):
    tune = parse(ABC)
    (tmp_path / "a.abc").write_text(ABC)
    (tmp_path / "b.mid").write_bytes(midi(tune))
    (tmp_path / "c.musicxml").write_text(musicxml(tune))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "META-INF/container.xml",
            '<container><rootfiles><rootfile full-path="c.xml"/></rootfiles></container>',
        )
        archive.writestr("c.xml", musicxml(tune))
    (tmp_path / "d.mxl").write_bytes(packed.getvalue())
    return tmp_path


def test_all_formats_agree(files):
    wanted = sample_of(parse(ABC))
    for name in ("a.abc", "b.mid", "c.musicxml", "d.mxl"):
        [found] = read_notes(files / name)
        assert found.notes["pitch"].tolist() == wanted.notes["pitch"].tolist(), name
        assert found.notes["onset"].tolist() == pytest.approx(wanted.notes["onset"].tolist()), name
        assert found.notes["bar"].tolist() == wanted.notes["bar"].tolist(), name
        assert found.starts.tolist() == [0, 3, 6, 9] and found.measure == 3, name
        assert found.seconds == pytest.approx(8, abs=0.6), name  # a MIDI file ends with its last note
        if name != "b.mid":
            assert found.notes["duration"].tolist() == pytest.approx(wanted.notes["duration"].tolist()), name
        same = (
            "pitch_entropy",
            "scale_consistency",
            "mean_ioi",
            "step_rate",
            "grooving_similarity",
            "cadence_rate",
        )
        assert [measure(found)[m] for m in same] == pytest.approx([measure(wanted)[m] for m in same]), name


def test_humdrum(tmp_path):
    lines = ["**kern", "*M4/4", "=1", "4c", "4d", "4e", "4f", "=2", "1g", "==", "*-"]
    (tmp_path / "a.krn").write_text("\n".join(lines) + "\n")
    [found] = read_notes(tmp_path / "a.krn")
    assert found.notes["pitch"].tolist() == [60, 62, 64, 65, 67]
    assert found.notes["bar"].tolist() == [0, 0, 0, 0, 1]


def played(*messages, ticks=480, **file):
    made = mido.MidiFile(ticks_per_beat=ticks, **file)
    made.tracks.append(mido.MidiTrack(messages))
    data = io.BytesIO()
    made.save(file=data)
    return data.getvalue()


def test_midi_meters_drums_programs_and_drawn_timing(tmp_path):
    on, off, meta = "note_on", "note_off", mido.MetaMessage
    data = played(
        meta("time_signature", numerator=2, denominator=4),
        mido.Message("program_change", program=40, time=0),
        mido.Message(on, note=60, velocity=70, time=9),  # struck late
        mido.Message(on, note=64, velocity=70, time=11),  # and rolled
        mido.Message(on, channel=9, note=38, velocity=90, time=0),
        mido.Message(off, channel=9, note=38, time=40),
        mido.Message(on, note=60, velocity=0, time=400),  # the other way to end a note
        mido.Message(off, note=64, time=0),
        meta("time_signature", numerator=6, denominator=8, time=500),
        mido.Message(on, note=67, velocity=70, time=0),
        mido.Message(off, note=67, time=2880),
    )
    (tmp_path / "a.mid").write_bytes(data)
    [found] = read_notes(tmp_path / "a.mid")
    assert found.notes[["pitch", "drum", "program"]].tolist() == [
        (38, True, 0), (60, False, 40), (64, False, 40), (67, False, 40)
    ]  # fmt: skip
    assert found.notes["onset"].tolist() == [0, 0, 0, 2] and found.notes["duration"][1] == pytest.approx(
        1, abs=0.1
    )
    assert found.starts.tolist() == [0, 2, 5] and found.measure == 3
    assert found.length == pytest.approx(8, abs=0.1)


BAD = {
    "empty.mid": b"",
    "text.mid": b"no midi at all",
    "cut.mid": played(mido.Message("note_on", note=60, time=0))[:-9],
    "silent.mid": played(mido.MetaMessage("track_name", name="x")),
    "text.abc": b"just words\n",
    "latin.abc": b"X:1\nT:\xe9\nK:C\nCDEF|\n",
    "rests.abc": b"X:1\nM:4/4\nL:1/4\nK:C\nz4|\n",
    "page.xml": b"<html><body>no score</body></html>",
    "broken.musicxml": b"<score-partwise><part-list>",
    "zip.mxl": b"PK\x03\x04 not a zip",
    "noise.krn": b"\x00\x01\x02",
    "large.mid": b"MThd" + b"\0" * (MOST_BYTES[".mid"] + 1),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_errors_of_ours_that_name_the_file(tmp_path, name):
    (tmp_path / name).write_bytes(BAD[name])
    with pytest.raises(ChiaroscoreError) as raised:
        read_notes(tmp_path / name)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 400
    assert name.rpartition(".")[0] in str(raised.value) or "NotationError" in type(raised.value).__name__


def test_a_zip_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.mxl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", b"\0" * (MOST_BYTES[".mxl"] + 1))
    assert (tmp_path / "bomb.mxl").stat().st_size < 100_000
    with pytest.raises(InputError, match="the limit is"):
        read_notes(tmp_path / "bomb.mxl")


def test_folder_takes_one_file_of_a_piece_and_lists_what_it_cannot_read(files):
    (files / "a.mid").write_bytes((files / "b.mid").read_bytes())  # the MIDI of a.abc
    (files / "sub").mkdir()
    (files / "sub" / "book.abc").write_text(ABC + "\n" + ABC.replace("X:1", "X:2").replace("Two", "Three"))
    (files / "bad.mid").write_bytes(b"MThd")
    (files / "notes.txt").write_text("not a score")
    found, unread = read_folder(files)
    assert [path.name for path, _ in found] == [
        "a.abc",
        "b.mid",
        "c.musicxml",
        "d.mxl",
        "book.abc",
        "book.abc",
    ]
    assert found[-1][1].name == "Three voices"
    assert [one.path.rpartition("/")[2] for one in unread] == ["bad.mid"] and unread[0].reason
    for wrong in (files / "nowhere", files / "a.abc"):
        with pytest.raises(InputError, match="folder"):
            read_folder(wrong)
    (files / "none").mkdir()
    with pytest.raises(InputError, match="no score"):
        read_folder(files / "none")


def test_melody_alone_is_one_voice_of_the_top_line():
    line = melody_only(parse(ABC))
    assert line.notes["pitch"].tolist() == [67, 69, 71, 72, 74, 76, 74]
    assert measure(line)["polyphony"] == 1
    over = melody_only(parse("X:1\nM:4/4\nL:1/4\nK:C\n[CE][EG] & G4|\n"))  # a held note under moving ones
    assert (over.notes["onset"][1:] >= (over.notes["onset"] + over.notes["duration"])[:-1] - 1e-9).all()


def test_excerpts_are_cut_at_their_bars():
    whole = sample_of(parse(ABC))
    part = excerpt(whole, 2, 1)
    assert part.starts.tolist() == [0, 3] and part.length == 6 and part.seconds == pytest.approx(4)
    assert part.notes["pitch"].tolist() == [48, 72, 74, 48, 76]  # the tied e begins in the second bar
    assert part.notes["bar"].tolist() == [0, 0, 0, 1, 1]
    assert float((part.notes["onset"] + part.notes["duration"]).max()) <= 6
    assert np.array_equal(excerpt(whole, 99).notes, whole.notes)
