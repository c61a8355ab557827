"""What `notation.parse` reads: pitches, times, fields, marks; expected values by hand from ABC 2.1."""

from __future__ import annotations

from fractions import Fraction

import pytest

import notation
from chiaroscore import NotationError

HEAD = "X:1\nT:t\nM:4/4\nL:1/4\nK:C\n"


def voice(abc: str, index: int = 0) -> notation.Voice:
    return notation.parse(abc).voices[index]


def pitches(abc: str, index: int = 0) -> list[int]:
    return [note.pitch for note in voice(abc, index).notes]


def lengths(abc: str) -> list[Fraction]:
    return [note.duration for note in voice(abc).notes]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C, C c c'", [48, 60, 72, 84]),
        ("^C _D =E ^^F __B", [61, 61, 64, 67, 69]),
        ("^FF fF|F", [66, 66, 77, 66, 65]),  # holds in its octave to the bar line
        ("^F-F|F-|F", [66, 66, 65, 65]),
        ("^F4-|F4|F4", [66, 66, 65]),  # a tie carries its accidental over the bar line, no further
        ("[K:Eb]EAB [K:C]E", [63, 68, 70, 64]),
        ("[CEG]4", [60, 64, 67]),
    ],
)
def test_accidentals(music: str, expected: list[int]) -> None:
    assert pitches(HEAD + music) == expected


@pytest.mark.parametrize(
    ("field", "tonic", "mode", "accidentals"),
    [
        ("C", "C", "major", ()),
        ("F#m", "F#", "minor", (("F", 1), ("C", 1), ("G", 1))),
        ("Bb", "Bb", "major", (("B", -1), ("E", -1))),
        ("Ddor", "D", "dorian", ()),
        ("E Phrygian", "E", "phrygian", ()),
        ("F lyd", "F", "lydian", ()),
        ("Gmix", "G", "mixolydian", ()),
        ("B loc", "B", "locrian", ()),
        ("D =c", "D", "major", (("F", 1),)),
        ("C ^f_b", "C", "major", (("F", 1), ("B", -1))),
        ("none", "", "none", ()),
        ("HP", "A", "mixolydian", (("F", 1), ("C", 1))),
    ],
)
def test_keys(field: str, tonic: str, mode: str, accidentals: tuple[tuple[str, int], ...]) -> None:
    key = notation.parse(f"X:1\nL:1/4\nK:{field}\nC4|").key
    assert (key.tonic, key.mode) == (tonic, mode)
    assert set(key.accidentals) == set(accidentals)


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C C2 C/ C// C3/2 C/4", ["1", "2", "1/2", "1/4", "3/2", "1/4"]),
        ("C>C C<C C>>C C<<<C", ["3/2", "1/2", "1/2", "3/2", "7/4", "1/4", "1/8", "15/8"]),
        ("(3CDE F", ["2/3", "2/3", "2/3", "1"]),
        (
            "(3C2D C",
            ["4/3", "2/3", "2/3"],
        ),  # uneven triplets keep their ratio (abcjs plays the last one wrongly)
        ("(3:2:2 CD E", ["2/3", "2/3", "1"]),
        ("(2CD (4CDEF", ["3/2", "3/2", "3/4", "3/4", "3/4", "3/4"]),
        ("(5CDEFG", ["2/5"] * 5),
        ("[CE]2 [C2E2] [CE2]", ["2", "2", "2", "2", "1", "1"]),
    ],
)
def test_note_lengths(music: str, expected: list[str]) -> None:
    assert lengths(HEAD + music) == [Fraction(text) for text in expected]


def test_quintuplets_take_three_in_compound_meter() -> None:
    found = voice("X:1\nM:6/8\nL:1/8\nK:C\n(5CDEFG A3|")
    assert found.notes[0].duration == Fraction(3, 10)
    assert found.notes[0].tuplet == (5, 3)
    assert found.bars[0].duration == 3
    explicit = voice("X:1\nM:6/8\nL:1/8\nK:C\n(5:2:5CDEFG A4|")
    assert explicit.notes[0].tuplet == (5, 2)


@pytest.mark.parametrize(
    ("before", "ratio"),
    [
        ("(5:4:5!p!", (5, 4)),  # what belongs to the first note may stand between
        ('(5:4:5"Am"', (5, 4)),
        ('(5:4:5"_(5"', (5, 4)),
        ('(5"_(5:4"', (5, 3)),
        ("(5::5!p!", (5, 3)),
        ("(5!p!", (5, 3)),
        ("[M:6/8](5:4:5.", (5, 4)),
        ("A(5:4:5{c}", (5, 4)),
    ],
)
def test_a_ratio_that_is_written_holds_in_compound_meter(before: str, ratio: tuple[int, int]) -> None:
    found = voice(f"X:1\nM:6/8\nL:1/8\nK:C\n{before}CDEFG A2|")
    assert [note.tuplet for note in found.notes if note.tuplet] == [ratio] * 5


def test_times_stay_exact_over_hundreds_of_triplets() -> None:
    tune = notation.parse(HEAD + ("(3CDE " * 2 + "|\n") * 200)
    assert tune.voices[0].bars[-1].onset == 199 * 4
    assert tune.voices[0].duration == 800
    assert all(note.onset.denominator in (1, 3) for note in tune.performance.notes)


@pytest.mark.parametrize(
    ("header", "unit", "meter"),
    [
        ("", Fraction(1, 2), (0, 0)),
        ("M:4/4\n", Fraction(1, 2), (4, 4)),
        ("M:2/4\n", Fraction(1, 4), (2, 4)),
        ("M:C\n", Fraction(1, 2), (4, 4)),
        ("M:C|\n", Fraction(1, 2), (2, 2)),
        ("M:none\n", Fraction(1, 2), (0, 0)),
        ("M:2+3/8\n", Fraction(1, 4), (5, 8)),
        ("M:6/8\nL:1/16\n", Fraction(1, 4), (6, 8)),
        ("L:1\n", Fraction(4), (0, 0)),
    ],
)
def test_unit_and_meter(header: str, unit: Fraction, meter: tuple[int, int]) -> None:
    tune = notation.parse(f"X:1\n{header}K:C\nC|")
    assert tune.unit == unit == tune.voices[0].notes[0].duration
    assert (tune.meter.numerator, tune.meter.denominator) == meter


@pytest.mark.parametrize(
    ("field", "qpm", "beat", "text"),
    [
        (None, 120, Fraction(1), ""),
        ("1/4=100", 100, Fraction(1), ""),
        ("3/8=60", 90, Fraction(3, 2), ""),
        ("1/8=120", 60, Fraction(1, 2), ""),
        ('"Andante" 1/4=72', 72, Fraction(1), "Andante"),
        ('1/2=40 "Largo"', 80, Fraction(2), "Largo"),
        ("1/4 3/8=40", 100, Fraction(5, 2), ""),
        ('"Allegro"', 126, Fraction(1), "Allegro"),
        ('"With a certain smile"', 120, Fraction(1), "With a certain smile"),
        ("120", 120, Fraction(1), ""),
        ("1/4=0", 120, Fraction(1), ""),
    ],
)
def test_tempo(field: str | None, qpm: float, beat: Fraction, text: str) -> None:
    tempo = notation.parse("X:1\nM:6/8\n" + (f"Q:{field}\n" if field else "") + "K:C\nC|").tempo
    assert (tempo.qpm, tempo.beat, tempo.text) == (qpm, beat, text)


def test_changes_inside_the_tune() -> None:
    tune = notation.parse(HEAD + "CDEF|[M:3/4][K:G][L:1/8][Q:1/4=90]F6|\nM:2/4\nK:F\nB4|")
    only = tune.voices[0]
    assert [(m.onset, m.numerator) for m in only.meters] == [(0, 4), (4, 3), (7, 2)]
    assert [(k.onset, k.tonic) for k in only.keys] == [(0, "C"), (4, "G"), (7, "F")]
    assert [(t.onset, t.qpm) for t in tune.tempi] == [(0, 120), (4, 90)]
    assert [note.pitch for note in only.notes] == [60, 62, 64, 65, 66, 70]
    assert [bar.meter for bar in only.bars] == [(4, 4), (3, 4), (2, 4)]


def test_free_meter_in_the_middle() -> None:
    only = voice(HEAD + "CDEF|\nM:none\nCDEFGAB|[M:4/4]c4|")
    assert [(m.onset, m.denominator) for m in only.meters] == [(0, 4), (4, 0), (11, 4)]


VOICE_FORMS = [
    "X:1\nM:4/4\nL:1/4\nK:C\nV:1\nCDEF|\nV:2\nE,F,G,A,|\nV:1\nGABc|\nV:2\nB,CDE|\n",
    'X:1\nM:4/4\nL:1/4\nV:1 name="Tenor"\nV:2 clef=bass\nK:C\nV:1\nCDEF|GABc|\nV:2\nE,F,G,A,|B,CDE|\n',
    "X:1\nM:4/4\nL:1/4\nV:1\nV:2\nK:C\n[V:1] CDEF|GABc|\n[V:2] E,F,G,A,|B,CDE|\n",
    "X:1\nM:4/4\nL:1/4\n%%score (1 2)\nV:1\nV:2\nK:C\n"
    "[V:1] CDEF|\n[V:2] E,F,G,A,|\n[V:1] GABc|\n[V:2] B,CDE|\n",
    "X:1\nM:4/4\nL:1/4\nK:C\n[V:1]CDEF|[V:2]E,F,G,A,|\n[V:1]GABc|[V:2]B,CDE|\n",
]


@pytest.mark.parametrize("abc", VOICE_FORMS)
def test_every_way_to_write_two_voices(abc: str) -> None:
    tune = notation.parse(abc)
    assert [v.id for v in tune.voices] == ["1", "2"]
    assert [[n.pitch for n in v.notes] for v in tune.voices] == [
        [60, 62, 64, 65, 67, 69, 71, 72],
        [52, 53, 55, 57, 59, 60, 62, 64],
    ]
    assert [v.duration for v in tune.voices] == [8, 8]
    assert tune.performance.duration == 8


def test_voice_properties_and_midi_directives() -> None:
    tune = notation.parse(
        'X:1\nM:4/4\nL:1/4\n%%MIDI program 5\nV:A name="Clarinet" transpose=-2\n%%MIDI program 71\n'
        "V:B clef=bass\n"
        "V:C clef=treble-8\nK:C\nV:A\nDDDD|\nV:B\n%%MIDI program 32\nC,4|\nV:C\nC4|\n"
    )
    first, second, third = tune.voices
    assert (first.name, first.program, first.transpose, first.notes[0].pitch) == ("Clarinet", 71, -2, 60)
    assert first.notes[0].spelled == "C4"
    assert (second.clef, second.program, second.notes[0].pitch) == ("bass", 32, 48)
    assert (third.program, third.transpose, third.notes[0].spelled) == (5, -12, "C3")


@pytest.mark.parametrize(
    ("transpose", "written", "spelled"),
    [
        (-2, "D", "C4"),
        (-9, "A", "C4"),
        (3, "C", "Eb4"),
        (-3, "C", "A3"),
        (2, "^F", "G#4"),
        (12, "C", "C5"),
        (1, "E", "F4"),
    ],
)
def test_transposed_notes_are_spelled_by_the_interval(transpose: int, written: str, spelled: str) -> None:
    assert voice(f"X:1\nL:1/4\nV:1 transpose={transpose}\nK:C\n{written}|").notes[0].spelled == spelled


DRUMS = """X:1
M:4/4
L:1/8
V:M
V:D clef=perc
K:Eb
V:M
E8|E8|
V:D clef=perc
%%MIDI channel 10
%%MIDI drummap F 36
%%MIDI drummap c 38
%%MIDI drummap g 42
[K:C clef=perc]F2 g2 [cg]2 g2|z8|
"""


def test_percussion_letters_become_drum_keys_whatever_the_key() -> None:
    drums = notation.parse(DRUMS).voices[1]
    assert drums.percussion
    assert [note.pitch for note in drums.notes] == [36, 42, 38, 42, 42]
    plain = notation.parse(DRUMS.replace("[K:C clef=perc]", "")).voices[1]
    assert [note.pitch for note in plain.notes] == [36, 42, 38, 42, 42]


def test_channel_ten_without_a_map_takes_the_written_key() -> None:
    drums = voice("X:1\nL:1/4\nK:C\n%%MIDI channel 10\nB,,,C,,D,,|")
    assert [n.pitch for n in drums.notes] == [35, 36, 38]


def test_ties_slurs_graces_and_decorations() -> None:
    only = voice(HEAD + "(C{de}D) [CE]2-|[CE]2 !trill!.C !accent!D|")
    first, *_ = only.notes
    graces = [n for n in only.notes if n.grace]
    assert (first.slur_start, first.slur_stop) == (1, 0)
    assert [(g.pitch, g.onset, g.duration) for g in graces] == [(74, 1, 0), (76, 1, 0)]
    assert [n.tie_start for n in only.notes if n.bar == 1 and n.duration == 2] == [True, True]
    assert [n.tie_stop for n in only.notes if n.bar == 2 and n.duration == 2] == [True, True]
    assert only.notes[-2].decorations == ("trill", "staccato")
    assert only.notes[-1].decorations == ("accent",)


def test_rests() -> None:
    only = voice(HEAD + "z2 x C|Z2|C4|")
    assert [(r.onset, r.duration, r.visible) for r in only.rests] == [
        (0, 2, True),
        (2, 1, False),
        (4, 4, True),
        (8, 4, True),
    ]
    assert [bar.duration for bar in only.bars] == [4, 4, 4, 4]
    assert [n.onset for n in only.notes] == [3, 12]


def test_bar_rests_follow_the_meter_in_force() -> None:
    assert voice(HEAD + "C4|[M:3/4]Z|C3|").duration == 10


def test_bars_repeats_and_endings() -> None:
    only = voice(HEAD + "C|:CDEF|1 GGGG:|2 AAAA|]")
    assert [b.number for b in only.bars] == [0, 1, 2, 3]
    assert [(b.left, b.right, b.ending, b.ending_stop) for b in only.bars] == [
        ("", "|:", "", False),
        ("|:", "|", "", False),
        ("|", ":|", "1", True),
        (":|", "|]", "2", True),
    ]
    assert [n.bar for n in only.notes][:2] == [0, 1]


@pytest.mark.parametrize(
    "line", ["CDEF|GABc:|\n|:CDEF|GABc:|", "CDEF|GABc::CDEF|GABc:|", "|:CDEF|\nGABc|\n:|:CDEF|GABc:|"]
)
def test_repeat_signs_over_line_breaks(line: str) -> None:
    only = voice(HEAD + line)
    assert [b.duration for b in only.bars] == [4, 4, 4, 4]
    assert [b.right.startswith(":") for b in only.bars] == [False, True, False, True]


def test_marks_at_their_time() -> None:
    only = voice(HEAD + '"Dm7"C!p!D "^up"E "Bb/F"!<(!F|!<)!!f!G4|\nw: all in- to_ one\n')
    assert [(m.text, m.onset) for m in only.chords] == [("Dm7", 0), ("Bb/F", 3)]
    assert [(m.text, m.onset) for m in only.annotations] == [("up", 2)]
    assert [(m.text, m.onset) for m in only.dynamics] == [
        ("p", 1),
        ("crescendo(", 3),
        ("crescendo)", 4),
        ("f", 4),
    ]
    assert [(m.text, m.onset) for m in only.lyrics] == [("all", 0), ("in-", 1), ("to", 2), ("one", 4)]


def test_spans_point_into_the_text() -> None:
    tune = notation.parse(HEAD + "C  ^D2 [EG] z|")
    assert [tune.abc[slice(*n.span)] for n in tune.voices[0].notes] == ["C", "^D2", "[EG]", "[EG]"]
    assert tune.abc[slice(*tune.voices[0].rests[0].span)] == "z"


def test_spans_and_words_survive_wide_characters_and_windows_line_ends() -> None:
    tune = notation.parse(
        'X:1\r\nT:\U0001f3b5 song\r\nL:1/4\r\nK:C\r\n"^\U0001f3b6"C D|\r\nw: \U0001f3b5 b\r\n'
    )
    assert tune.title == "\U0001f3b5 song"
    assert tune.abc[slice(*tune.voices[0].notes[1].span)] == "D"
    assert tune.voices[0].annotations[0].text == "\U0001f3b6"
    assert tune.voices[0].lyrics[0].text == "\U0001f3b5"


def test_headers() -> None:
    tune = notation.parse("X: 7\nT:First\nT:Second % comment\nC:Me\nR:jig\nN:abc\n+:def\nK:C\nC|")
    assert tune.headers["X"] == "7"
    assert tune.headers["T"] == "First\nSecond"
    assert tune.headers["N"] == "abc def"
    assert (tune.title, tune.composer, tune.headers["R"]) == ("First", "Me", "jig")


def test_overlays_are_voices_of_their_own() -> None:
    tune = notation.parse(HEAD + "c4|cdef & C2 E2|c2 d2 & E4|c4|")
    main, overlay = tune.voices
    assert overlay.id == "1&2"
    assert [(n.pitch, n.onset, n.bar) for n in overlay.notes] == [(60, 4, 2), (64, 6, 2), (64, 8, 3)]
    assert [b.onset for b in overlay.bars] == [b.onset for b in main.bars]
    assert main.duration == overlay.duration == 16


def test_overlays_in_several_voices_and_lines_stay_in_their_bars() -> None:
    abc = "X:1\nM:4/4\nL:1/4\nK:C\nV:1\nc4|c4|\nV:2\nC4|C4|\nV:1\nc4|c4 & E4|\nV:2\nC4 & G,4|C4|\n"
    tune = notation.parse(abc)
    assert [v.id for v in tune.voices] == ["1", "1&2", "2", "2&2"]
    assert [n.onset for n in tune.voices[1].notes] == [12]
    assert [n.onset for n in tune.voices[3].notes] == [8]


def test_only_the_first_tune_is_read_and_text_above_it_is_ignored() -> None:
    assert pitches("Here you are:\n\nX:1\nL:1/4\nK:C\nC|\n\nX:2\nK:C\nD|\n") == [60]


@pytest.mark.parametrize("text", ["", "   \n\n", "Here is your tune!", "do re mi fa so"])
def test_what_is_not_abc_is_refused(text: str) -> None:
    with pytest.raises(NotationError):
        notation.parse(text)


def test_pitches_beyond_midi_are_refused() -> None:
    with pytest.raises(NotationError, match="outside 0 to 127"):
        notation.parse(HEAD + "C,,,,,,,|")


def test_same_text_same_tune() -> None:
    text = HEAD + "CDEF|"
    assert notation.parse(text) == notation.parse(text.replace("\n", "\r\n"))
