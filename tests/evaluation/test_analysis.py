import importlib.resources
import math
import subprocess
import sys

import pytest

import evaluation
from evaluation import analyse
from notation import parse, split

SYMBOLS = """X:1
M:4/4
L:1/4
K:G
V:1
V:2 clef=bass
V:1
"G"GBdg|"C"cGAc|"D7/F#"dfad|"Em7"edBG|"??"G4|
V:2
G,,4|C,4|F,,4|E,,4|G,,4|
"""


def test_written_symbols_with_numerals():
    found = analyse(parse(SYMBOLS))
    assert found.key == "G major" and found.chords_from == "symbols"
    assert [(h.onset, h.symbol, h.roman) for h in found.chords] == [
        (0, "G", "I"),
        (4, "C", "IV"),
        (8, "D7/F#", "V65"),
        (12, "Em7", "vi7"),
    ]
    assert [(a.voice, a.low, a.high, a.span) for a in found.ambitus] == [("1", 67, 81, 14), ("2", 40, 48, 8)]


def test_chords_from_notes_where_no_symbol_is_written(drums):
    abc = "X:1\nM:4/4\nL:1/1\nK:C\n[CEG]|[CFA]|[B,DGF]|[CEG]|[CEG]|"
    found = analyse(parse(abc))
    assert found.chords_from == "notes"
    assert [(h.symbol, h.roman) for h in found.chords] == [
        ("C", "I"),
        ("F/C", "IV64"),
        ("G7/B", "V65"),
        ("C", "I"),
    ]
    assert analyse(parse(drums)).ambitus[0].voice == "M" and len(analyse(parse(drums)).ambitus) == 1


def test_diminished_and_augmented():
    abc = "X:1\nM:4/4\nL:1/1\nK:Am\n[Ace]|[B,DF]|[CE^G]|[^G,B,DF]|[E,^G,B,]|[A,CE]|"
    found = analyse(parse(abc))
    assert found.key == "A minor"
    assert [h.symbol for h in found.chords] == ["Am", "Bdim", "Caug", "G#dim7", "E", "Am"]
    assert found.chords[1].roman == "iio" and found.chords[4].roman == "V"


def test_clarity_tells_a_scale_from_chromatic_noise():
    clear = analyse(parse("X:1\nM:4/4\nL:1/4\nK:C\nCEGc|GFED|CDEF|GEC2|"))
    noise = analyse(parse("X:1\nM:6/4\nL:1/4\nK:C\nC^CD^DEF|^FG^GA^AB|"))
    assert clear.key == "C major" and clear.key_gap > 0.1 > noise.key_gap >= 0
    assert -1 <= noise.key_clarity < clear.key_clarity <= 1
    assert clear.next_key != clear.key


def test_nothing_to_analyse():
    found = analyse(parse("X:1\nM:4/4\nL:1/4\nK:C\nz4|"))
    assert (
        found.key == ""
        and math.isnan(found.key_clarity)
        and math.isnan(found.key_gap)
        and found.chords == ()
        and found.ambitus == ()
    )


def test_keys_of_folk_tunes():
    root = importlib.resources.files("music21") / "corpus" / "oneills1850"
    book = sorted(p.name for p in root.iterdir() if p.name.endswith(".abc"))[2]
    right = total = 0
    for abc in [t for t in split((root / book).read_text(encoding="utf-8")) if "K:" in t][::6][:24]:
        tune = parse(abc)
        if tune.key.mode not in ("major", "minor"):
            continue
        total += 1
        right += analyse(tune).key == f"{tune.key.tonic} {tune.key.mode}"
    assert total >= 12 and right / total > 0.75


def test_the_package_names_what_it_has():
    assert evaluation.__all__ == sorted(
        evaluation.__all__, key=lambda n: (not n.isupper(), not n[0].isupper(), n)
    )
    assert all(getattr(evaluation, name) is not None for name in evaluation.__all__)


@pytest.mark.parametrize("heavy", ["music21", "torch"])
def test_import_is_light(heavy):
    code = f"import evaluation, sys; sys.exit('{heavy}' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
