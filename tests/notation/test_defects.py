"""What music21's own ABC reader gets wrong, each with what the text says: pitches and onsets worked out by
hand.

The rows were found by running music21 10.5.1, abc2midi 5.02 and abcjs 6.7.2 on the same inputs.
"""

from __future__ import annotations

import pytest

import notation
from chiaroscore import NotationError

H = "X:1\nT:t\nM:4/4\nL:1/4\nK:C\n"
CDEF, EFGA, GABC, BCDE = [60, 62, 64, 65], [64, 65, 67, 69], [67, 69, 71, 72], [71, 72, 74, 76]
CBAG, FEDC = [72, 71, 69, 67], [65, 64, 62, 60]

#: name, text, played (onset, pitch) pairs; onsets are 0, 1, 2 ... where only pitches are given
ROWS = [
    ("accidentals last the bar", H + "^FFFF|FFFF|", [66] * 4 + [65] * 4),
    ("two end repeats", H + "CDEF|GABc:|cBAG|FEDC:|", (CDEF + GABC) * 2 + (CBAG + FEDC) * 2),
    ("double repeat", H + "|:CDEF|GABc::cBAG|FEDC:|", (CDEF + GABC) * 2 + (CBAG + FEDC) * 2),
    ("inline key", H + "CDEF|CDEF|[K:D]CDEF|CDEF|", CDEF * 2 + [61, 62, 64, 66] * 2),
    (
        "inline unit length",
        H + "CDEF|[L:1/8]CDEFGABc|",
        [*enumerate(CDEF), *((4 + i / 2, p) for i, p in enumerate(CDEF + GABC))],
    ),
    (
        "inline voices, declared in the header",
        "X:1\nM:4/4\nL:1/4\nV:1\nV:2\nK:C\n[V:1] CDEF|CDEF|\n[V:2] EFGA|EFGA|\n",
        [(i, p) for i in range(8) for p in (CDEF[i % 4], EFGA[i % 4])],
    ),
    (
        "voices in turns",
        "X:1\nM:4/4\nL:1/4\nK:C\nV:1\nCDEF|\nV:2\nEFGA|\nV:1\nGABc|\nV:2\nBcde|\n",
        [(i, p) for i in range(8) for p in ((CDEF + GABC)[i], (EFGA + BCDE)[i])],
    ),
    (
        "voices with properties",
        'X:1\nM:4/4\nL:1/4\nV:T name="Tenor"\nV:B clef=bass\nK:C\nV:T\nCDEF|\nV:B\nC,4|\n',
        [(0, 60), (0, 48), (1, 62), (2, 64), (3, 65)],
    ),
    ("overlay", H + "CDEF & E4|", [(0, 60), (0, 64), (1, 62), (2, 64), (3, 65)]),
    ("bar rests", H + "Z2|CDEF|", [(8 + i, p) for i, p in enumerate(CDEF)]),
    ("invisible rest", H + "x2 C2|", [(2, 60)]),
    ("tied chord", H + "[CE]4-|[CE]4|", [(0, 60), (0, 64)]),
    ("bass clef is no transposition", "X:1\nL:1/4\nK:G clef=bass\nF,G,A,B,|", [54, 55, 57, 59]),
    ("explicit natural in the key", "X:1\nL:1/4\nK:D =c\ncdef|", [72, 74, 76, 78]),
    ("double accidentals persist", H + "^^F __B =E F|", [67, 69, 64, 67]),
    (
        "meter changes at line starts",
        "X:1\nM:4/4\nL:1/4\nK:C\nCDEF|\nM:2/4\nCD|EF|\nM:3/4\nCDE|\nM:2/4\nCD|\n",
        [*CDEF, *CDEF, 60, 62, 64, 60, 62],
    ),
    ("neither L: nor M:", "X:1\nK:C\nCDEF|", [(i / 2, p) for i, p in enumerate(CDEF)]),
    ("placed annotation", H + '"@1,2 x"C D E F|', CDEF),
    ("dynamic between plus signs", H + "+f+C D E F|", CDEF),
    ("remark", H + "CD[r:hello AB]EF|", CDEF),
    ("continued field", "X:1\nN:abc\n+:def\nL:1/4\nK:C\nCDEF|", CDEF),
    ("fermata letter before an accidental", H + "H^F D E F|", [66, 62, 64, 66]),
    ("transpose=", "X:1\nL:1/4\nV:1 transpose=-12\nK:C\nCDEF|", [48, 50, 52, 53]),
    ("grace notes sound", H + "{gag}C", [(0, 79), (1 / 6, 81), (1 / 3, 79), (1 / 2, 60)]),
    ("one bar repeated", H + "|:CDEF:|", CDEF * 2),
    (
        "first ending without a start repeat",
        H + "CDEF|1 GABc:|2 cBAG|FEDC|",
        [*CDEF, *GABC, *CDEF, *CBAG, *FEDC],
    ),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_played_notes(text: str, expected: list[int] | list[tuple[float, int]]) -> None:
    timed = [note if isinstance(note, tuple) else (index, note) for index, note in enumerate(expected)]
    played = notation.parse(text).performance.notes
    assert [note.pitch for note in played] == [pitch for _, pitch in timed]
    assert [float(note.onset) for note in played] == pytest.approx([onset for onset, _ in timed])


def test_inline_meter_is_recorded() -> None:
    meters = notation.parse(H + "CDEF|[M:3/4]CDE|").performance.meters
    assert [(m.onset, m.numerator, m.denominator) for m in meters] == [(0, 4, 4), (4, 3, 4)]


def test_additive_meter() -> None:
    meter = notation.parse("X:1\nM:2+3/8\nL:1/8\nK:C\nCDEFG|").meter
    assert (meter.numerator, meter.denominator, meter.symbol) == (5, 8, "2+3/8")


def test_lyrics_dynamics_and_program_arrive() -> None:
    tune = notation.parse(H + "%%MIDI program 40\n!f!CDEF|\nw:do re mi fa\n")
    only = tune.voices[0]
    assert [m.text for m in only.lyrics] == ["do", "re", "mi", "fa"]
    assert [m.text for m in only.dynamics] == ["f"]
    assert only.program == 40


def test_badly_formed_repeats_play() -> None:
    tune = notation.parse(H + "|:CDEF|1 GABc|2 cBAG:|FEDC|")
    assert tune.performance.duration > 12


def test_the_empty_text_is_an_error_not_a_path() -> None:
    with pytest.raises(NotationError, match="empty"):
        notation.parse("")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (H + "CD?EF#|", "unknown-character"),
        ("X:1\nM:4/4\nL:1/4\nCDEF|", "missing-key"),
        (H + '"Am CDEF|', "unclosed-quote"),
    ],
)
def test_faults_that_music21_passes_over_are_found(text: str, code: str) -> None:
    assert code in [problem.code for problem in notation.check(text)]
