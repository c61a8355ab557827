"""Corpus tunes come out of music21 as abcjs plays them; the thousand are in benchmarks/agreement.py."""

import importlib.util
import pathlib

import pytest


@pytest.fixture(scope="module")
def bench():
    path = pathlib.Path(__file__).parents[2] / "benchmarks" / "agreement.py"
    spec = importlib.util.spec_from_file_location("agreement", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_corpus_agrees_with_abcjs(bench):
    tunes = [bench.clear(abc) for abc in bench.corpus_tunes(60)]
    share, odd = bench.agreement(tunes, bench.through_score, bench.from_abcjs)
    assert len(tunes) == 60 and share >= 0.98, odd


def test_what_abcjs_and_abc2midi_agree_on_is_what_we_read(bench):
    import symusic  # noqa: F401 - names its abc2midi in the environment

    tunes = [bench.unswung(bench.plain(abc)) for abc in bench.corpus_tunes(40)]
    settled = [abc for abc in tunes if bench.from_abcjs(abc) == bench.from_abc2midi(abc)]
    assert len(settled) >= 32
    share, odd = bench.agreement(settled, bench.through_score, bench.from_abc2midi)
    assert share == 1, odd


def test_corpus_agrees_with_the_performance(bench):
    tunes = [bench.plain(abc) for abc in bench.corpus_tunes(25)]
    share, odd = bench.agreement(tunes, bench.through_score, bench.from_performance)
    assert share == 1, odd


def test_the_comparison_can_fail(bench):
    tune = "X:1\nM:4/4\nL:1/4\nK:C\nCDEF|"
    share, odd = bench.agreement(
        [tune], lambda _: bench.from_abcjs(tune.replace("F", "^F")), bench.from_abcjs
    )
    assert share == 0 and "1 of 4 note-ons missing, 1 more" in odd[0][1]


def test_plain_text_keeps_the_notes(bench):
    text = 'X:1\nT:Tune\nK:C\n{g}~C !trill!TD "Am".[EG]2 uvE | F3 % bass\n'
    assert bench.plain(text).split("\n")[3].split() == ["C", "D", "[EG]2", "E", "|", "F3"]


def test_clear_text_writes_left_out_signs(bench):
    text = bench.clear("X:1\nM:4/4\nL:1/4\nK:C\nC-DE-E|1 c4:|2 d4||e4|1 f4:|2 g4|]\n")
    assert "CDE-E" in text and "|:e4" in text
