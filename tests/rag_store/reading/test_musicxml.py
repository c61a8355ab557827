import warnings
import zipfile
from fractions import Fraction

import pytest

from chiaroscore import InputError
from rag_store.corpus import corpus_folder
from rag_store.reading import safe_xml
from rag_store.reading.kern import from_music21, read_kern
from rag_store.reading.score import read_score
from rag_store.reading.transcript import Meter, Sound

NOTE = "<note><pitch><step>{}</step><octave>4</octave></pitch><duration>{}</duration></note>"


def score(measures, part="<score-part id='P1'><part-name>Flute</part-name></score-part>", head=""):
    return (
        f"<?xml version='1.0'?>{head}<score-partwise><part-list>{part}</part-list><part id='P1'>"
        + "".join(f"<measure>{measure}</measure>" for measure in measures)
        + "</part></score-partwise>"
    )


def attributes(extra="", beats=3):
    return (
        f"<attributes><divisions>2</divisions><key><fifths>1</fifths><mode>major</mode></key>"
        f"<time><beats>{beats}</beats><beat-type>4</beat-type></time>{extra}</attributes>"
    )


def read(tmp_path, text):
    path = tmp_path / "score.musicxml"
    path.write_text(text, encoding="utf-8")
    return read_score(path, "musicxml")


@pytest.mark.parametrize(
    "name",
    [
        "mozart/k545/movement1_exposition.mxl",  # a piano of two staves
        "corelli/opus3no1/1grave.xml",
    ],
)
def test_every_note_is_music21s(name):
    from music21 import converter

    path = corpus_folder() / name
    ours = read_score(path, "musicxml")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = from_music21(converter.parse(path, forceSource=True, storePickle=False))
    assert notes_of(ours) == notes_of(theirs)
    assert (ours.meters, ours.pickup) == (theirs.meters, theirs.pickup)


def notes_of(transcript):
    return {(note.onset, note.pitch, note.duration) for part in transcript.parts for note in part.notes}


def test_by_hand(tmp_path):
    transpose = "<transpose><chromatic>-2</chromatic></transpose>"
    tie = NOTE.format("C", 6).replace("</duration>", "</duration><tie type='start'/>")
    stop = NOTE.format("C", 2).replace("</duration>", "</duration><tie type='stop'/>")
    grace = "<note><grace/><pitch><step>A</step><octave>4</octave></pitch></note>"
    said = "<direction><direction-type>{}</direction-type></direction>"
    tempo = said.format("<metronome><beat-unit>half</beat-unit><per-minute>60</per-minute></metronome>")
    loud = said.format("<dynamics><ff/></dynamics>")
    text = score(
        [
            attributes(transpose) + tempo + NOTE.format("G", 2),
            tie + grace,
            stop + loud + NOTE.format("D", 4),
        ]
    )
    found = read(tmp_path, text)
    assert found.pickup == 1 and found.meters == (Meter(Fraction(0), 3, 4),)
    assert found.parts[0].program == 73  # by its name
    assert found.parts[0].notes == (  # a major second lower than written; the tied C is one note
        Sound(Fraction(0), Fraction(1), 65),
        Sound(Fraction(1), Fraction(4), 58),
        Sound(Fraction(5), Fraction(2), 60, 112),
    )
    assert [tempo.qpm for tempo in found.tempi] == [120.0]
    assert (found.signatures[0].fifths, found.signatures[0].mode) == (-1, "major")  # written G, sounding F
    assert found.remarks == ("1 grace or cue note(s) left out",)


def test_only_the_last_ending_is_kept(tmp_path):
    sign = "<barline><ending number='1' type='{}'/></barline>"
    first = sign.format("start") + "{}" + sign.format("stop")
    second = first.replace("number='1'", "number='2'")
    bar = NOTE.format("C", 6)
    found = read(
        tmp_path,
        score(
            [attributes() + bar, first.format(NOTE.format("D", 6)), second.format(NOTE.format("E", 6)), bar]
        ),
    )
    assert [note.pitch for note in found.parts[0].notes] == [60, 64, 60]
    assert found.remarks == ("1 bar(s) of earlier endings left out",)


def test_bars_that_do_not_add_up(tmp_path):
    full, half, rest, odd = (NOTE.format("C", n) for n in (6, 4, 2, 5))
    found = read(tmp_path, score([attributes() + full, half, rest, full, odd, full]))
    assert found.meters == (  # the split bar is one again; the short one has a meter of its own
        Meter(Fraction(0), 3, 4),
        Meter(Fraction(9), 5, 8),
        Meter(Fraction(23, 2), 3, 4),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (score([NOTE.format("C", 1)], head="<!DOCTYPE a [<!ENTITY b 'b'>]>"), "entities"),
        ("<score-timewise/>", "score-partwise"),
        (score([""] * 5001), "more than 5,000 bars"),
        ("<score-partwise><part id='P1'/></score-partwise>", "no notes"),
        ("<score-partwise", "not well-formed"),
        (score([attributes() + NOTE.format("C", "much")]), "number"),
        (score([attributes(beats=10**9) + NOTE.format("C", 1)]), "number"),
        ("", "not well-formed"),
    ],
)
def test_refused(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        read(tmp_path, text)


def test_entities_in_another_encoding(tmp_path):
    path = tmp_path / "a.xml"
    text = score([NOTE.format("C", 1)], head="<!DOCTYPE a [<!ENTITY b 'b'>]>").replace(
        "?>", " encoding='UTF-16'?>", 1
    )
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(InputError, match="entities"):
        read_score(path, "musicxml")


def test_archive_that_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(safe_xml, "MOST_UNPACKED", 2_000_000)
    path = tmp_path / "bomb.mxl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", b" " * 2_000_001)
    assert path.stat().st_size < 10_000
    with pytest.raises(InputError, match="unpacks to more"):
        read_score(path, "musicxml")


def test_broken_archive(tmp_path):
    path = tmp_path / "a.mxl"
    whole = (corpus_folder() / "mozart/k545/movement1_exposition.mxl").read_bytes()
    path.write_bytes(whole[:300] + bytes(200) + whole[500:])
    with pytest.raises(InputError):
        read_score(path, "musicxml")


def test_kern(tmp_path):
    path = corpus_folder() / "palestrina" / "Agnus_00.krn"
    found = read_kern(path)
    assert len(found.parts) >= 4 and "Palestrina" in found.composer and "Copyright 2000" in found.rights
    assert {part.program for part in found.parts} == {52}  # singers
    middles = [sorted(note.pitch for note in part.notes)[len(part.notes) // 2] for part in found.parts]
    assert middles[0] == max(middles) and middles[-1] == min(middles)  # a kern file has the bass first
    assert all(note.duration > 0 for part in found.parts for note in part.notes)
    with pytest.raises(InputError, match="no \\*\\*kern"):
        (tmp_path / "a.krn").write_text("hello")
        read_kern(tmp_path / "a.krn")
