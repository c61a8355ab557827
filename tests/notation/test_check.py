"""The problem table: for every code a text that has it, and a near miss that does not."""

from __future__ import annotations

import pytest

import notation
from notation.check import is_prose
from notation.problems import table

H = "X:1\nT:t\nM:4/4\nL:1/4\nK:C\n"
TWO = "X:1\nM:4/4\nL:1/4\nK:C\nV:1\n{}\nV:2\n{}\n"
DRUM = "X:1\nM:4/4\nL:1/4\nV:D clef=perc\nK:C\n%%MIDI channel 10\n%%MIDI drummap F 36\n[K:C clef=perc]{}\n"

#: code, severity, a text that has the problem, line and column, a near miss
ROWS = [
    ("empty", "error", " \n", (0, 0), H + "C4|"),
    ("limits", "error", H + "C" * 9000, (0, 0), H + "CDEF|" * 20),
    ("unreadable", "error", H + "C\0", (0, 0), H + "C4|"),
    ("unreadable", "error", H + "C,,,,,,,|", (0, 0), H + "C,,,,4|"),
    ("prose", "error", "Here is a melody for your picture.", (0, 0), H + "C4|"),
    (
        "prose",
        "error",
        H + "CDEF|\nHope you like this one!\n",
        (7, 1),
        H + "CDEF|\nw:Hope you like this one\n",
    ),
    ("prose", "error", "Sure, here it is:\n\n" + H + "C4|", (1, 1), "%%pagewidth 20cm\n\n" + H + "C4|"),
    ("prose", "error", H + "C4|\n```\n", (7, 1), H + "C4|\n% ```\n"),
    ("missing-number", "error", "T:t\nM:4/4\nL:1/4\nK:C\nC4|", (1, 1), H + "C4|"),
    ("missing-key", "error", "X:1\nM:4/4\nL:1/4\nC4|", (4, 1), H + "C4|"),
    ("no-notes", "error", H + "z4|x4|", (6, 1), H + "z4|C4|"),
    ("more-than-one-tune", "error", H + "C4|\n\nX:2\nK:C\nD|\n", (8, 1), H + "C4|\nT:X:2\n"),
    ("after-empty-line", "error", H + "C4|\n\nD4|\n", (8, 1), H + "C4|\n\n% the end\n"),
    ("bar-length", "error", H + "CDEF|GAB|c4|", (6, 6), H + "CDEF|GABc|c4|"),
    ("bar-length", "error", H + "CDEF|GABcd|c4|", (6, 6), H + "CDEF|(5GABcd z2|c4|"),
    ("bar-length", "error", H + "CDEF|GABc|c3|", (6, 11), H + "D|CDEF|GABc|c3|"),
    (
        "bar-length",
        "error",
        TWO.format("CDEF|G4|C4|", "C4|C3|C4|"),
        (8, 4),
        TWO.format("CDEF|G4|C4|", "C4|C3z|C4|"),
    ),
    ("pickup", "warning", H + "CDEF|G4||A|CDEF|G4|]", (6, 10), H + "CDEF|G3||A|CDEF|G4|]"),
    ("meter", "error", H.replace("4/4", "3/4") + "CDEF|" * 8, (6, 1), H + "CDEF|" * 8),
    ("voice-length", "error", TWO.format("C4|D4|", "C4|"), (8, 1), TWO.format("C4|D4|", "C4|z4|")),
    (
        "voice-repeats",
        "error",
        TWO.format("|:C4|D4:|", "C4|D4|"),
        (8, 4),
        TWO.format("|:C4|D4:|", "|:C4|D4:|"),
    ),
    ("range", "warning", H + "%%MIDI program 73\nC,,4|", (7, 1), H + "%%MIDI program 42\nC,,4|"),
    ("unclosed-quote", "error", H + '"Am CDEF|', (6, 1), H + '"Am"CDEF|'),
    ("unclosed-bracket", "error", H + "C2[CE|", (6, 6), H + "C2[CE]2|"),
    ("unclosed-bracket", "error", H + "C2[K:D CE|", (6, 3), H + "C2[K:D]CE|"),
    ("unclosed-slur", "warning", H + "(CDEF|", (6, 1), H + "(CDEF)|"),
    ("open-repeat", "warning", H + "|:CDEF|G4|]", (6, 3), H + "|:CDEF|G4:|"),
    ("open-tie", "warning", H + "C2-D2|", (6, 1), H + "C2-C2|"),
    ("drum-letter", "error", DRUM.format("F2 g2|"), (8, 19), DRUM.format("F2 F2|")),
    (
        "not-played",
        "warning",
        "X:1\nM:4/4\nL:1/4\nP:ABA\nK:C\nP:A\nC4|",
        (4, 1),
        "X:1\nM:4/4\nL:1/4\nP:A\nK:C\nC4|",
    ),
    ("not-played", "warning", H + "CDEF|!D.C.!G4|", (6, 6), H + "CDEF|!fermata!G4|"),
    ("unknown-character", "error", H + "CD?EF|", (6, 3), H + "CDEF|%?"),
    ("unknown-decoration", "warning", H + "!zork!C4|", (6, 1), H + "!trill!C4|"),
    ("field", "error", H.replace("4/4", "four") + "C4|", (3, 1), H.replace("4/4", "none") + "C4|"),
    ("field", "error", H.replace("1/4", "quarter") + "C4|", (4, 1), H.replace("1/4", "1/4 ") + "C4|"),
    ("field", "error", H.replace("K:C", "K:Cbmin") + "C4|", (5, 1), H.replace("K:C", "K:Cmin") + "C4|"),
    ("field", "error", H.replace("K:C", "K:H") + "C4|", (5, 1), H.replace("K:C", "K:Cmin") + "C4|"),
    (
        "tempo",
        "warning",
        'X:1\nQ:"Slowly, please"\nL:1/4\nK:C\nC4|',
        (2, 1),
        'X:1\nQ:"Slowly" 1/4=60\nL:1/4\nK:C\nC4|',
    ),
    ("length", "warning", H + "C5/4D11/4|", (6, 5), H + "C3/2D/2E2|"),
    ("abcjs", "warning", H + "{zc}C4|", (6, 1), H + "{c}C4|"),
]


def codes(text: str) -> list[str]:
    return [problem.code for problem in notation.check(text)]


@pytest.mark.parametrize(
    ("code", "severity", "text", "place", "near_miss"), ROWS, ids=[f"{r[0]}-{i}" for i, r in enumerate(ROWS)]
)
def test_problem_and_near_miss(
    code: str, severity: str, text: str, place: tuple[int, int], near_miss: str
) -> None:
    found = [problem for problem in notation.check(text) if problem.code == code]
    assert found, notation.check(text)
    assert (found[0].severity, found[0].line, found[0].column) == (severity, *place)
    assert found[0].hint
    assert code not in codes(near_miss)


def test_every_code_has_a_row() -> None:
    assert {row[0] for row in ROWS} == set(table()["problems"])


GOOD = [
    H + "CDEF|GABc|c4|]",
    "X:1\nL:1/8\nK:C\nCDEFG|AB|c3|",  # free meter
    "X:1\nM:6/8\nL:1/8\nK:G\nD|GAB dBG|c2A G2:|\n|:d|gfe dcB|A2F G2:|\n",
    "X:1\nM:4/4\nL:1/4\nK:C\nG|CDEF|GABc|1 c3 G:|2 c3|]\n",
    "X:1\nM:3/4\nL:1/4\nK:C\nC|DEF|[M:2/4]GA|[M:3/4]c2|]\n",
    "X:1\nM:4/4\nL:1/4\nK:C\nCDEF|GA||Bc|c4|]\n",  # a bar cut in two by a double bar
    TWO.format("z C D E|", "x4|"),
    TWO.format("|:C4|1 D4:|2 E4|]", "|:C4|1 D4:|2 E4|]"),
    H + "Z4|CDEF|",
    H + "c4|cdef & E4|c4|",
    DRUM.format("F F F2|"),
    "X:1\nM:none\nL:1/4\nK:none\nCDE|FGABc|\n",
    H + '"^Slow"{g}(c>d) ~e !mf!f|(3efg [ce]-[ce]|"G7"c4-|c4|]\nw:one two three four\n',
]


@pytest.mark.parametrize("text", GOOD)
def test_good_music_has_no_problems(text: str) -> None:
    assert notation.check(text) == []


def test_wrong_meter_is_said_once() -> None:
    found = notation.check(H.replace("4/4", "3/4") + "CDEF|" * 8)
    assert [problem.code for problem in found] == ["meter"]
    assert "8 of 8 bars hold 4/4" in found[0].message


def test_messages_have_no_markup_and_come_in_order() -> None:
    found = notation.check(H + "CD?EF|\n!zork!C4|\n[CE|\n")
    assert all("<" not in problem.message for problem in found)
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)


def test_lines_count_in_the_whole_text() -> None:
    found = notation.check("%%directive\n% comment\n\n" + H + "CD?EF|")
    assert [(p.code, p.line, p.column) for p in found] == [("unknown-character", 9, 3)]


def test_a_problem_reads_as_one_line() -> None:
    problem = notation.check(H + "CDEF|GAB|c4|")[0]
    assert str(problem) == (
        "error 6:6 voice 1, bar 2 holds 3/4, 4/4 wants 4/4 "
        "(change note lengths or bar lines until the bar adds up)"
    )


@pytest.mark.parametrize(
    "line",
    [
        "kg((3B/c/B/AB) kgBkaB | kg((3B/c/B/AB) kdBAB |",
        "uB|vBcB Bef|gfe ^def|",
        "ABcdefg|",
        "!trill!Ab!fermata!c|",
        "w:these are words here",
    ],
)
def test_music_is_not_prose(line: str) -> None:
    assert not is_prose(line)


@pytest.mark.parametrize(
    "line", ["Hope you like it!", "This tune is calm.", "```", "Enjoy!", "The melody rises | and falls"]
)
def test_prose(line: str) -> None:
    assert is_prose(line)
