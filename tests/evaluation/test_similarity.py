"""Melodic similarity: what it must not mind, what it must tell apart, and its figures by hand."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.edits import edit_distances
from evaluation.similarity import (
    diversity,
    edit_similarity,
    melodic_similarity,
    melody,
    ngram_similarities,
    time_ratios,
)
from notation import parse

HEAD = "X:1\nM:4/4\nL:1/8\nQ:1/4={tempo}\nK:{key}\n"
AIR = "c2de f2ed|e2c2 G4|A2Bc d2cB|c4 c4|e2fg a2gf|g2e2 c4|d2ef e2dc|c4 c4|"
# The air with passing notes and another ending.
VARIED = "c2de f2ed|e2c2 G4|A2Bc d2cB|c4 c4|e2fg a2gf|gfed c4|d2ef e2Bd|c6 z2|"
OTHER = "G3A BGdB|c3B A4|d3e dBGB|A4 D4|G3B d2g2|e2cA F4|D3E FAdc|B2G2 G4|"


def tune(body, key="C", tempo=100):
    return parse(HEAD.format(key=key, tempo=tempo) + body + "\n")


def levenshtein(a, b):
    """The textbook recursion, cell by cell."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        old, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(old[j] + 1, row[-1] + 1, old[j - 1] + (x != y)))
    return row[-1]


@pytest.mark.parametrize("measure", [melodic_similarity, edit_similarity])
def test_key_tempo_and_note_values_do_not_matter(measure):
    air = tune(AIR)
    down = "|".join(
        re.sub("[A-Ga-g]", lambda m: m[0] + "," if m[0].isupper() else m[0].upper(), bar)
        for bar in AIR.split("|")
    )
    assert measure(air, tune(down, tempo=60)) == 1
    transposed = parse("X:1\nM:4/4\nL:1/8\nK:D transpose=2\n" + AIR + "\n")
    assert measure(air, parse("X:1\nM:4/4\nL:1/4\nK:C\n" + AIR + "\n")) == 1
    assert (
        measure(
            air,
            parse(
                "X:1\nM:4/4\nL:1/8\nK:G\n"
                + "g2ab c'2ba|b2g2 d4|e2^fg a2gf|g4 g4|b2c'd' e'2d'c'|d'2b2 g4|a2bc' b2ag|g4 g4|"
                + "\n"
            ),
        )
        == 1
    )
    assert measure(air, transposed) == pytest.approx(measure(transposed, air))


@pytest.mark.parametrize("measure", [melodic_similarity, edit_similarity])
def test_a_variation_lies_between_the_same_and_another_tune(measure):
    air, varied, other = tune(AIR), tune(VARIED), tune(OTHER, "G")
    assert 1 > measure(air, varied) > 0.6 > 0.45 > measure(air, other)


def test_rhythm_counts_for_ngrams_alone():
    even, dotted = tune("cdef gagf|edcB c4|"), tune("c>de>f g>ag>f|e>dc>B c4|")
    assert melodic_similarity(even, dotted) < 0.5
    assert edit_similarity(even, dotted) == 1


def test_figures_by_hand():
    # intervals 2 2 1 and 2 2 1 2 in even notes: one of the longer tune's two n-grams is the shorter one's
    assert melodic_similarity(tune("CDEF|"), tune("CDEFG|")) == pytest.approx(2 * 1 / (1 + 2))
    assert edit_similarity(tune("CDEF|"), tune("CDEFG|")) == pytest.approx(1 - 1 / 4)


def test_time_ratios_have_five_classes():
    line = np.array([[onset, 60] for onset in (0, 1, 2, 2.5, 3.25, 5.25, 6.25, 7.0)])
    assert time_ratios(line).tolist() == [0, -2, 1, 2, -2, -1]


def test_melody_is_the_first_pitched_voice_as_played():
    played = melody(
        parse("X:1\nM:4/4\nL:1/4\nK:C\nV:1 clef=perc\n|:CCCC:|\nV:2\n|:[CE]{F}G z2:|\nV:3\n|:cccc:|\n")
    )
    assert played.tolist()[::2] == [[0, 64], [4, 64]]
    assert [pitch for _, pitch in played.tolist()] == [64, 67, 64, 67]


def test_too_short_melodies_are_nan_and_left_out():
    found = diversity([tune("CDE|"), tune(AIR), tune(AIR)])
    assert np.isnan(found.ngrams[0]).all()
    assert (found.median, found.closest) == (1.0, (1, 2))
    assert np.isnan(diversity([tune("C8|")]).median)
    assert np.isnan(diversity([]).median)


def test_diversity_is_that_of_the_pairs():
    tunes = [tune(AIR), tune(VARIED), tune(OTHER, "G")]
    found = diversity(tunes)
    for a, b in itertools.combinations(range(3), 2):
        assert (
            found.ngrams[a, b] == found.ngrams[b, a] == pytest.approx(melodic_similarity(tunes[a], tunes[b]))
        )
        assert found.edits[a, b] == found.edits[b, a] == pytest.approx(edit_similarity(tunes[a], tunes[b]))
    assert found.median == pytest.approx(np.median(found.ngrams[np.triu_indices(3, 1)]))
    assert found.closest == (0, 1)


notes = st.lists(
    st.tuples(st.sampled_from([0.5, 1.0, 1.5]), st.integers(60, 64)), min_size=4, max_size=20
).map(
    lambda steps: np.array(
        [
            (onset, pitch)
            for onset, (_, pitch) in zip(itertools.accumulate(t for t, _ in steps), steps, strict=True)
        ]
    )
)


@settings(max_examples=60, deadline=None)
@given(st.lists(notes, min_size=2, max_size=4))
def test_ngram_similarity_is_a_similarity(melodies):
    found = ngram_similarities(melodies)
    assert (found >= 0).all()
    assert (found <= 1 + 1e-12).all()
    assert np.allclose(np.diag(found), 1)
    assert np.allclose(found, found.T)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), max_size=9), min_size=1, max_size=5))
def test_edit_distances_are_those_of_the_recursion(sequences):
    found = edit_distances([np.array(one, dtype=np.int64) for one in sequences])
    for (i, a), (j, b) in itertools.product(enumerate(sequences), repeat=2):
        assert found[i, j] == levenshtein(a, b)
