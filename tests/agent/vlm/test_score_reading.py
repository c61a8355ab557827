"""Defective answers: what is mended, what is named, and that the score stays readable whatever comes."""

from fractions import Fraction as F

import pytest
from agent_plans import DRUMS, FLUTE, FOUR, PIANO, plan_of

from agent.vlm.score import read_score
from agent.vlm.score.marks import symbol
from notation import check, parse

M = '[V:M] "C" G2 c2 e2 d2 | "F" c2 A2 F4 | "G" B2 d2 G2 B2 | "C" c8 |]'
B = "[V:B] C,8 | F,8 | G,8 | C,8 |]"
GOOD = f"{M}\n{B}"
HEADER = "X:1\nT:Dawn\nM:4/4\nL:1/8\nK:C\n"


def line(name, *bars):
    return f"[V:{name}] " + " | ".join(bars) + " |]"


def melody(*bars):
    return line("M", *bars) + "\n" + B


FAULTLESS = ("G2 c2 e2 d2", "c2 A2 F4", "B2 d2 G2 B2", "c8")

#: name, text, codes of repairs, codes of problems
MENDED = [
    ("faultless", GOOD, "", ""),
    ("a sentence before", "Sure! Here is your tune, I hope that you like it:\n" + GOOD, "prose", ""),
    ("a sentence after", GOOD + "\nThis melody rises to a climax in bar one.", "prose", ""),
    ("a fence", f"```abc\n{GOOD}\n```", "fence", ""),
    ("a fence that is never closed", f"Here:\n```\n{GOOD}", "fence", ""),
    ("two fences", f"```\nX:1\nK:C\n[V:M] c2 |\n```\nBetter:\n```abc\n{GOOD}\n```", "fence", ""),
    ("a fence for each voice", f"```\n{M}\n```\nand\n```\n{B}\n```", "fence", ""),
    ("JSON", '{"abc": "' + GOOD.replace('"', '\\"').replace("\n", "\\n") + '"}', "fence", ""),
    ("JSON by voice", '{"M": "G2c2e2d2|c2A2F4|B2d2G2B2|c8|]", "B": "C,8|F,8|G,8|C,8|]"}', "fence", ""),
    ("thoughts", f"<think>Let me see. G is fine | so is C | ok</think>\n{GOOD}", "prose", ""),
    ("tags", f"<abc>\n{GOOD}\n</abc>", "fence", ""),
    ("a whole tune", HEADER + GOOD, "header", ""),
    ("two tunes", f"{HEADER}C8 |]\n\n{HEADER}{GOOD}", "several header", ""),
    ("line ends as two characters", GOOD.replace("\n", "\\n"), "", ""),
    ("typographic quotes and bars", GOOD.replace('"', "\u201d").replace("|", "\u2502"), "", ""),
    ("V: on lines of its own", GOOD.replace("[V:", "V:").replace("] ", "\n"), "", ""),
    ("V: before the music", GOOD.replace("[V:", "V:").replace("] ", " "), "", ""),
    ("V: with a clef", GOOD.replace("[V:B]", '[V:B name="Cello" clef=bass]'), "", ""),
    ("small letters", GOOD.replace("[V:M]", "[V:m]"), "voice-name", ""),
    ("numbers for voices", GOOD.replace("V:M", "V:1").replace("V:B", "V:2"), "voice-name", ""),
    ("roles for voices", GOOD.replace("[V:M]", "Melody:").replace("[V:B]", "Bass:"), "voice-name", ""),
    ("instruments for voices", GOOD.replace("V:M", "V:Flute").replace("V:B", "V:Cello"), "voice-name", ""),
    (
        "the other order",
        line("Cello", "C,8", "F,8", "G,8", "C,8") + "\n" + line("x", *FAULTLESS),
        "voice-name",
        "",
    ),
    (
        "names in the header",
        'X:1\nV:1 name="Cello"\nV:2 name="Flute"\nK:C\n' + GOOD.replace("V:M", "V:2").replace("V:B", "V:1"),
        "header voice-name",
        "",
    ),
    ("a letter and a colon", GOOD.replace("[V:M]", "M:").replace("[V:B]", "B:"), "", ""),
    ("letters in brackets", GOOD.replace("V:", ""), "", ""),
    ("headings", GOOD.replace("[V:M] ", "### Melody\n").replace("[V:B] ", "**Cello**\n"), "voice-name", ""),
    ("no names, in turn", GOOD.replace("[V:M] ", "").replace("[V:B] ", ""), "voice-name", ""),
    ("a voice too many", GOOD + "\n[V:Zither] C8 | C8 | C8 | C8 |]", "extra-voice", ""),
    (
        "bar numbers",
        "\n".join(f"Bar {n + 1}: [V:M] {one} | [V:B] C,8 |" for n, one in enumerate(FAULTLESS)),
        "",
        "",
    ),
    ("no last bar line", GOOD.replace(" |]", ""), "", ""),
    ("a bar a beat short", melody("G2 c2 e2", *FAULTLESS[1:]), "bar-short", ""),
    ("a bar half a beat long", melody("G2 c2 e2 d3", *FAULTLESS[1:]), "bar-long", ""),
    ("a bar a beat long", melody("G2 c2 e2 d2 e2", *FAULTLESS[1:]), "bar-long", ""),
    ("no bar lines", f"[V:M] {' '.join(FAULTLESS)} |]\n{B}", "bar-lines", ""),
    ("one bar line left out", f"[V:M] G2 c2 e2 d2 c2 A2 F4 | B2 d2 G2 B2 | c8 |]\n{B}", "bar-lines", ""),
    (
        "bar lines at half bars",
        melody("G2c2", "e2d2", "c2A2", "F4", "B2d2", "G2B2", "c4", "c4"),
        "bar-lines",
        "",
    ),
    ("a bar too many", melody(*FAULTLESS, "c8"), "surplus-bars", ""),
    ("a pickup", melody("G2", *FAULTLESS), "pickup", ""),
    ("a pickup in place of a bar", melody("G2", *FAULTLESS[1:]), "pickup", ""),
    ("repeats", "[V:M] |: G2c2e2d2 | c8 :|\n[V:B] |: C,8 | C,8 :|", "repeat", ""),
    ("endings", "[V:M] |: G2c2e2d2 |1 c8 :|2 e8 |]\n[V:B] |: C,8 |1 C,8 :|2 C,8 |]", "repeat", ""),
    ("a repeat in the melody alone", "[V:M] |: G2c2e2d2 | c8 :|\n[V:B] C,8 | F,8 |]", "repeat", ""),
    ("repeat signs round the whole", f"[V:M] |: {' | '.join(FAULTLESS)} :|\n{B}", "repeat", ""),
    ("out of range", f"{M}\n[V:B] C8 | C,,,,8 | G,8 | C,8 |]", "range", ""),
    (
        "a voice an octave too low",
        line("M", "G,,2C,2E,2D,2", "C,2A,,2F,,4", "B,,2D,2G,,2B,,2", "C,8") + "\n" + B,
        "range",
        "",
    ),
    (
        "another unit",
        "L:1/4\n" + melody("GCED", "CAF2", "BDGB", "C4").replace(B, "[V:B] C,4|F,4|G,4|C,4|]"),
        "header unit",
        "",
    ),
    (
        "a unit inside",
        "[V:M] [L:1/4] G c e d | c A F2 | B d G B | c4 |]\n[V:B] [L:1/8] C,8|F,8|G,8|C,8|]",
        "unit",
        "",
    ),
    ("another key in the header", HEADER.replace("K:C", "K:D") + GOOD, "header key", ""),
    ("words over the staff", GOOD.replace("G2 c2 e2", '"^dolce"G2 c2 e2'), "annotation", ""),
    ("a decoration that is none", GOOD.replace("G2 c2", "!coda!G2 c2"), "decoration", ""),
    ("directives", "%%MIDI program 40\n%%text hello\nI:abc-include x\n" + GOOD, "directive header", ""),
    ("lyrics", M + "\nw: la la la la\n" + B, "lyrics", ""),
    ("inline fields", GOOD.replace("c2 A2", "[M:3/4][K:D] c2 A2"), "header", ""),
    ("an overlay", melody("G2 c2 e2 d2 & E8", *FAULTLESS[1:]), "overlay", ""),
    ("a chord not closed", f"{M}\n[V:B] [C,G,8 | F,8 | G,8 | C,8 |]", "bracket", ""),
    ("a sharp behind the letter", melody("G2 F#2 e2 d2", *FAULTLESS[1:]), "spelling", ""),
    ("octaves behind the length", melody("G2 C2' e2 d2", *FAULTLESS[1:]), "spelling", ""),
    ("commas between notes", melody("G2, c2, e2, d2", *FAULTLESS[1:]), "unknown-character", ""),
    ("decimal lengths", melody("G1.5 c0.5 c2 e2 d2", *FAULTLESS[1:]), "length", ""),
    ("a length no note has", melody("G5 c3", *FAULTLESS[1:]), "", ""),
    ("a fifth of a note", melody("G8/5 c2 e2 d2", *FAULTLESS[1:]), "length bar-short", ""),
    ("an incomplete triplet", melody("G2 c2 e2 (3d2", *FAULTLESS[1:]), "tuplet", ""),
    ("a tie to nothing", melody("G2 c2 e2 d2-", *FAULTLESS[1:]), "tie", ""),
    ("half a slur", melody("(G2 c2 e2 d2", *FAULTLESS[1:]), "slur", ""),
    ("half a hairpin", melody("!crescendo(!G2 c2 e2 d2", *FAULTLESS[1:]), "hairpin", ""),
    (
        "chord symbols of another school",
        GOOD.replace('"F"', '"FM7"').replace('"G"', '"Gmin7"'),
        "chord-symbol",
        "",
    ),
    ("a quote not closed", GOOD.replace('"C" G2', '"C G2', 1), "quote", ""),
    ("characters of no meaning", GOOD.replace("e2 d2", "e2 \u2603 d2"), "unknown-character", ""),
    ("a bass that breaks off", f"{M}\n[V:B] C,8 | F,8 | G,8 | C,", "broken-off rests", ""),
    # what a model has to mend itself
    ("nothing", "", "", "no-music"),
    ("a refusal", "I am sorry, I cannot write music.", "prose", "no-music"),
    (
        "another script",
        "\u79c1\u306f\u97f3\u697d\u3092\u66f8\u3051\u307e\u305b\u3093\u3002",
        "prose",
        "not-latin",
    ),
    ("rests alone", "[V:M] z8 | z8 | z8 | z8 |]\n[V:B] Z4 |]", "", "no-music"),
    ("no bass", M, "", "missing-voice"),
    ("half a bass", f"{M}\n[V:B] C,8 | F,8 |]", "", "missing-bars"),
    ("a melody that breaks off", f"{B}\n[V:M] G2 c2 e2 d2 | c2 A2 F4 | B2 d2 G2 B2 |", "", "missing-bars"),
    ("a bar half empty", melody("G2", FAULTLESS[1], "B2", "c8"), "pickup", "bar-length"),
    ("bars of another meter", melody("G2 c2 e2", "c2 A2 F2", "B2 d2 G2", "c6"), "", "meter"),
    ("four bars alike", melody(*["G2 c2 e2 d2"] * 4), "", "loop"),
]


@pytest.mark.parametrize(
    ("text", "repairs", "problems"), [row[1:] for row in MENDED], ids=[r[0] for r in MENDED]
)
def test_a_defective_answer(text, repairs, problems):
    found = read_score(text, FOUR)
    assert sorted({one.code for one in found.repairs}) == sorted(repairs.split())
    assert sorted({one.code for one in found.problems}) == sorted(problems.split())
    if found.abc and not problems:
        assert [one for one in check(found.abc) if one.severity == "error"] == []
        assert len(found.bars["M"]) == len(found.bars["B"]) == 4


#: What a transport does to a score does not change it: these come back as written.
WHOLE = (
    "a sentence before",
    "a fence",
    "a fence for each voice",
    "JSON",
    "tags",
    "a whole tune",
    "two tunes",
    "V: on lines of its own",
    "numbers for voices",
    "names in the header",
    "headings",
    "no names, in turn",
    "no last bar line",
    "lyrics",
    "inline fields",
    "directives",
    "a quote not closed",
)


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_around_the_music_does_not_change_it(name):
    text = next(row[1] for row in MENDED if row[0] == name)
    assert read_score(text, FOUR).abc == read_score(GOOD, FOUR).abc


def test_problems_name_the_place_in_the_score_shown():
    found = read_score(melody("G2 c2 e2 d2", "c2 A2 F4", "G2", "c8"), FOUR)
    (problem,) = found.problems
    shown = found.abc.split("\n")[problem.line - 1]
    assert shown[problem.column - 1 :].startswith("G2 | c8")
    assert "bar 3" in problem.message


def test_a_lacking_bar_is_named_where_its_rest_stands():
    found = read_score(f"{M}\n[V:B] C,8 | F,8 |]", FOUR)
    (problem,) = found.problems
    assert found.abc.split("\n")[problem.line - 1][problem.column - 1 :] == "Z | Z |]"


def test_the_layout_is_the_offline_writers():
    lines = read_score(GOOD, FOUR).abc.split("\n")
    assert lines[:3] == ["X:1", "T:Dawn", "C:Chiaroscore"]
    at = lines.index("V:M")
    assert lines[at : at + 4] == ["V:M", "%%MIDI program 73", "%%MIDI gchordoff", M.replace('" ', '"')[6:]]
    assert lines[at + 4 :] == ["V:B", "%%MIDI program 42", B[6:], ""]


def repaired(text, plan):
    found = read_score(text, plan)
    assert found.problems == ()
    return found, [one.code for one in found.repairs]


def test_six_eight_with_a_bar_short_by_an_eighth():
    found, codes = repaired("[V:M] G3 c3 | e2d cBA | G3 G2 | c6 |]", plan_of(FLUTE, meter="6/8"))
    assert codes == ["bar-short"]
    assert found.bars["M"] == ("G3 c3", "e2d cBA", "G3 G3", "c6")


def test_a_note_of_five_eighths_is_divided_at_the_beat():
    found, codes = repaired("[V:M] G5 A | c6 | B6 | c6 |]", plan_of(FLUTE, meter="6/8"))
    assert (codes, found.bars["M"][0]) == ([], "G4-G A")


def test_seven_eight():
    found, codes = repaired("[V:M] G2A2B3 | c7 | B2A2G2F | c4 c2 c |]", plan_of(FLUTE, meter="7/8"))
    assert codes == []
    assert [note.duration for note in parse(found.abc).performance.notes][:4] == [1, 1, F(3, 2), F(7, 2)]


def test_tuplets_ties_slurs_and_graces_come_through():
    text = "[V:M] (3GAB c2 {d}e4- | e2 (3:2:2c2A (GF) E2 | (5GABcd .e2 !trill!c4 | Hc8 |]"
    found, codes = repaired(text, plan_of(FLUTE))
    notes = [note for note in parse(found.abc).voices[0].notes if not note.grace]
    assert codes == []
    assert [note.duration for note in notes[:8]] == [F(1, 3)] * 3 + [1, 2, 1, F(2, 3), F(1, 3)]
    assert (notes[4].tie_start, notes[5].tie_stop, notes[8].slur_start, notes[9].slur_stop) == (
        True,
        True,
        1,
        1,
    )
    assert notes[11].tuplet == (5, 2)
    assert [note.decorations for note in notes[16:]] == [("staccato",), ("trill",), ("fermata",)]


def test_a_tie_over_new_bar_lines():
    found, codes = repaired("[V:M] G6 c4 c2 e2 d2 c4 B4 c8 |]", plan_of(FLUTE))
    assert codes == ["bar-lines"]
    assert found.bars["M"][:2] == ("G6 c2-", "c2 c2 e2 d2")


def test_accidentals_hold_when_bar_lines_are_put_in():
    found, _ = repaired("[V:M] ^F2 G2 A2 B2 F2 G2 A2 B2 | c8 | c8 |]", plan_of(FLUTE))
    assert found.bars["M"][1].startswith("^F2")


def test_accidentals_hold_when_notes_are_moved():
    plan = plan_of(FLUTE, key="G major")
    found, _ = repaired("[V:M] =F,2 F,2 G2 B2 | c8 | B8 | G8 |]", plan)
    assert found.bars["M"][0] == "=F2 =F2 G2 B2"


def test_lengths_in_another_unit_are_rewritten():
    found, codes = repaired("[V:M] G c e d | c A F2 | B d G B | c4 |]", plan_of(FLUTE))
    assert codes == ["unit"]
    assert found.bars["M"][1] == "c2 A2 F4"


DRUM_BAR = "[Ff]f [cf]f F2 c2"


def test_commas_between_notes_are_no_octaves():
    found, _ = repaired(melody("G2, c2, e2, d2", *FAULTLESS[1:]), FOUR)
    assert found.bars["M"][0] == "G2 c2 e2 d2"


def test_drums_of_the_kit_come_through():
    found, codes = repaired(M + "\n" + line("D", *[DRUM_BAR] * 4), plan_of(FLUTE, DRUMS))
    assert codes == []
    assert found.bars["D"] == (DRUM_BAR,) * 4
    assert "%%MIDI drummap c 38" in found.abc
    assert {note.pitch for note in parse(found.abc).performance.notes if note.voice == 1} == {36, 38, 51}


def test_drums_written_as_general_midi_pitches():
    text = M + "\n" + line("D", "C,,2 D,,2 ^F,,2 A,,2", *["F4 c4"] * 3)
    found, codes = repaired(text, plan_of(FLUTE, DRUMS))
    assert codes == ["drum-letter"]
    assert found.bars["D"][0] == "F2 c2 g2 A2"


def test_chord_symbols_stand_once():
    text = M + "\n" + line("H", '"C"[EG]8', '"F"[FA]4 "Dm"[FA]4', "[GB]8", "[EG]8")
    found, codes = repaired(text, plan_of(FLUTE, PIANO))
    assert codes == ["chord-symbol"]
    assert found.bars["H"][1] == '[FA]4 "Dm"[FA]4'


def test_an_answer_cut_off_in_json():
    text = '{"title": "x", "abc": "' + GOOD.replace('"', '\\"').replace("\n", "\\n")[:-3]
    found, codes = repaired(text, FOUR)
    assert codes == ["fence"]
    assert found.bars["B"][3] == "C,8"


def test_loops_are_told_by_share_too():
    bars = ["G2 c2 e2 d2", "G2 c2 e2 d2", "c8", "G2 c2 e2 d2", "G2 c2 e2 d2", "B8", "G2 c2 e2 d2", "c8"]
    found = read_score(line("M", *bars), plan_of(FLUTE, bars=8))
    assert [one.code for one in found.problems] == ["loop"]
    assert "5 of 8" in found.problems[0].message


def test_a_loop_for_ever_is_bounded():
    found = read_score("[V:M] " + "G2 c2 e2 d2 | " * 9000, FOUR)
    assert {one.code for one in found.problems} == {"loop", "missing-voice"}
    assert len(found.bars["M"]) == 4


@pytest.mark.parametrize(
    ("said", "read"),
    [("F#min7", "F#m7"), ("Bbmaj7/D", "Bbmaj7/D"), ("C7#9", "C7"), ("C6/9", "C6"), ("am", "Am"), ("N.C.", ""),
     ("D.C.", ""), ("bad", ""), ("Fine", ""), ("G\u266d7", "Gb7"), ("Cadd9", "Cadd9"), ("dolce", "")],
)  # fmt: skip
def test_chord_symbols(said, read):
    assert symbol(said) == read


def test_chord_names_that_players_lack_are_declared():
    found, _ = repaired(GOOD.replace('"F"', '"Fadd9"'), FOUR)
    assert "%%MIDI chordname add9 0 4 7 14" in found.abc
