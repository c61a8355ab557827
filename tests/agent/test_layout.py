"""From events to ABC, read back by abcjs."""

from fractions import Fraction as F

import pytest

from agent.offline.writer.articulation import articulated
from agent.offline.writer.events import Event, sounding, starts_of
from agent.offline.writer.layout import Sheet, Staff, abc
from agent.offline.writer.meter import meter
from notation import check, parse

NATURAL = (0,) * 7


def note(start, length, step, alter=0, marks=()):
    return Event(F(start), F(length), ((step, alter),), marks)


def written(events, name="4/4", bars=1, key="C", signature=NATURAL, **staff):
    sheet = Sheet("T", "C", 100.0, "Andante", key, signature, meter(name), bars)
    return abc(sheet, [Staff("M", "Piano", "treble", 0, events, **staff)])


def music(text):
    return text.splitlines()[-1]


def test_notes_rests_and_octaves():
    text = written([note(0, 1, 28), note(1, F(1, 2), 35), note(2, 2, 21)])
    assert music(text) == "C2 cz C,4 |]"
    assert check(text) == []


def test_a_note_over_a_bar_line_is_tied():
    text = written([note(0, 3, 28), note(3, 2, 29)], bars=2)
    assert music(text) == "C6 D2- | D2 z2 z4 |]"
    assert [n.pitch for n in parse(text).performance.notes] == [60, 62]


def test_a_long_off_beat_note_shows_the_middle_of_the_bar():
    assert (
        music(written([note(0, F(3, 2), 28), note(F(3, 2), F(3, 2), 29), note(3, 1, 30)])) == "C3D- D2 E2 |]"
    )


@pytest.mark.parametrize(
    ("name", "beams"),
    [("7/8", "CC CC CCC |]"), ("6/8", "CCC CCC |]"), ("5/4", "CC CC CC CC CC |]"), ("3/8", "CCC |]")],
)
def test_beams_follow_the_beats(name, beams):
    count = int(meter(name).length * 2)
    assert music(written([note(F(n, 2), F(1, 2), 28) for n in range(count)], name)) == beams


@pytest.mark.parametrize(
    ("name", "whole"),
    [("9/8", "C6- C3 |]"), ("12/8", "C12 |]"), ("7/8", "C4- C3 |]"), ("5/4", "C6- C4 |]"), ("6/8", "C6 |]")],
)
def test_long_notes_keep_the_beats_in_sight(name, whole):
    assert music(written([note(0, meter(name).length, 28)], name)) == whole


def test_accidentals_hold_for_the_bar_in_every_reading():
    text = written([note(0, 1, 31, 1), note(1, 1, 31, 1), note(2, 1, 38, 0), note(3, 1, 31, 0)])
    assert [n.pitch for n in parse(text).performance.notes] == [66, 66, 77, 65]
    assert music(text) == "^F2 F2 =f2 =F2 |]"


def test_the_key_signature_is_not_repeated():
    signature = (0, 0, 0, 1, 0, 0, 0)
    text = written([note(0, 2, 31, 1), note(2, 2, 31, 0)], key="G", signature=signature)
    assert music(text) == "F4 =F4 |]"


def test_triplets():
    text = written([note(F(n, 3), F(1, 3), 28 + n) for n in range(3)] + [note(1, 3, 28)])
    assert music(text) == "(3:2:3CDE C6 |]"
    assert [n.onset for n in parse(text).performance.notes] == [0, F(1, 3), F(2, 3), 1]


def test_dynamics_chords_and_marks_stand_before_their_note():
    events = [note(0, 2, 28, marks=("staccato",)), note(2, 2, 30, marks=("accent",))]
    text = written(events, dynamics={F(0): "mf"}, chords={F(0): "C", F(2): "Am"})
    assert music(text) == '!mf!"C".C4 "Am"LE4 |]'
    voice = parse(text).voices[0]
    assert [m.text for m in voice.chords] == ["C", "Am"]
    assert [n.decorations for n in voice.notes] == [("staccato",), ("accent",)]


def test_rare_chord_qualities_are_declared_for_abc2midi():
    text = written([note(0, 4, 28)], chords={F(0): "Cadd9"})
    assert "%%MIDI chordname add9 0 4 7 14" in text


def test_text_cannot_break_out_of_its_field():
    sheet = Sheet('a"\nK:G%b\\', "C", 100.0, "", "C", NATURAL, meter("4/4"), 1, "hornpipe")
    text = abc(sheet, [Staff("M", "Flute", "treble", 73, [note(0, 4, 28)])])
    assert "T:a' K:G b\n" in text
    assert check(text) == []


def test_a_hornpipe_is_only_called_so_where_abc2midi_allows_it():
    for name, shown in (("4/4", True), ("3/4", False)):
        sheet = Sheet("T", "C", 100.0, "", "C", NATURAL, meter(name), 1, "hornpipe")
        text = abc(sheet, [Staff("M", "Flute", "treble", 73, [note(0, 1, 28)])])
        assert ("R:hornpipe" in text) is shown


def test_compound_meters_count_dotted_quarters():
    sheet = Sheet("T", "C", 90.0, "", "C", NATURAL, meter("6/8"), 1)
    text = abc(sheet, [Staff("M", "Flute", "treble", 73, [note(0, 3, 28)])])
    assert "Q:3/8=60\n" in text
    assert parse(text).tempo.qpm == 90


def test_legato_slurs_each_bar_between_rests():
    line = [note(0, 1, 28), note(1, 1, 29), note(2, 1, 29), note(4, 1, 30), note(5, 3, 31), note(8, 4, 28)]
    text = written(articulated(line, meter("4/4"), "legato", 100), bars=3)
    assert music(text) == "(C2 D2) D2 z2 | (E2 F6) | C8 |]"
    assert check(text) == []


def test_staccato_dots_only_short_notes_that_go_on():
    line = [note(0, F(1, 2), 28), note(F(1, 2), F(1, 2), 29), note(1, 2, 30), note(3, F(1, 2), 28)]
    marked = articulated(line, meter("4/4"), "staccato", 100)
    assert [event.marks for event in marked] == [("staccato",), ("staccato",), (), ()]
    assert articulated(line, meter("4/4"), "normal", 100) == line


def test_sounding_finds_what_overlaps():
    line = [note(0, 1, 28), note(1, 1, 29), note(3, 1, 30)]
    starts = starts_of(line)
    assert list(sounding(line, starts, F(1, 2), F(3, 2))) == line[:2]
    assert list(sounding(line, starts, F(2), F(3))) == []
    assert list(sounding(line, starts, F(2), F(9))) == line[2:]


def test_starts_as_floats_keep_equality_and_order():
    times = sorted({F(n, d) for d in (3, 5, 7, 32, 48) for n in range(40 * d, 44 * d)})
    floats = starts_of([note(time, 1, 28) for time in times])
    assert floats == sorted(set(floats))
    assert len(floats) == len(times)
    assert starts_of([note(F(1, 3) + 41 + F(1, 3), 1, 28)]) == starts_of([note(F(125, 3), 1, 28)])
