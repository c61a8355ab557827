"""Structure: fitness by hand, against a slow reading of its definition, and on music whose form is known."""

import itertools
import math

import numpy as np
import pytest

from evaluation import structure_indicators
from evaluation.structure import PENALTY, fitness, similarity
from notation import bar_starts, events, parse

A = ["C2E2", "G3A", "F2D2", "G4"]
B = ["cBAG", "AGFE", "D2FA", "B2G2"]
C = ["e4", "dcd2", "_B2_A2", "G_Ede"]
D = ["E/F/G A2 B", "c3 ^c", "d ^d e f", "g2 ^f2"]


def indicators(bars, meter="4/4"):
    tune = parse(f"X:1\nM:{meter}\nL:1/4\nK:C\n{'|'.join(bars)}|]\n")
    return structure_indicators(events(tune), bar_starts(tune), float(tune.performance.duration))


def test_a_section_played_n_times_has_the_fitness_of_the_formula():
    twice, thrice, four = (indicators(A * n) for n in (2, 3, 4))
    assert twice["structure_mid"] == pytest.approx(1 / 2)  # score (2L - L) / 2L, coverage (2L - L) / 2L
    assert thrice["structure_mid"] == pytest.approx(2 / 3)
    assert four["structure_mid"] == pytest.approx(3 / 4)
    assert four["structure_long"] == pytest.approx(1 / 2)  # AA AA


def test_no_repetition_is_zero_and_half_a_repetition_lies_between():
    none, some = indicators(A + B + C + D), indicators(A + B + A + C)
    assert none["structure_mid"] == 0 and none["structure_long"] == 0
    # L = 4, N = 16, k = 2: score 1/2, coverage 1/4: harmonic mean 1/3
    assert some["structure_mid"] == pytest.approx(1 / 3)
    assert indicators(A + B + A + B)["structure_long"] == pytest.approx(1 / 2)


def test_a_changed_repetition_counts_less_and_transposition_is_no_repetition():
    changed = ["C2E2", "G3A", "F2E2", "G4"]
    assert 0 < indicators(A + changed)["structure_mid"] < indicators(A + A)["structure_mid"]
    higher = ["_D2F2", "_A3_B", "_G2_E2", "_A4"]
    assert indicators(A + higher)["structure_mid"] == 0


def test_short_pieces_and_silence():
    assert all(math.isnan(v) for v in indicators(A[:3]).values())
    assert indicators(A + A)["structure_long"] == 0  # eight bars do not fit twice
    tune = parse("X:1\nM:4/4\nL:1/4\nK:C\nz4|z4|z4|z4|]\n")
    assert all(math.isnan(v) for v in structure_indicators(events(tune), bar_starts(tune), 16.0).values())


def slow_fitness(similar, start, size):
    """The definition: the best of all families of non-overlapping stretches, tried one by one."""
    n = len(similar)
    score = {begin: sum(similar[begin + k, start + k] for k in range(size)) for begin in range(n - size + 1)}
    best, count = 0.0, 0
    for number in range(1, n // size + 1):
        for begins in itertools.combinations(range(n - size + 1), number):
            if all(b - a >= size for a, b in itertools.pairwise(begins)):
                total = sum(score[begin] for begin in begins)
                if total > best + 1e-12:
                    best, count = total, number
    if not count:
        return 0.0
    quality, coverage = (best - size) / (count * size), (count - 1) * size / n
    return 2 * quality * coverage / (quality + coverage) if quality > 0 and coverage > 0 else 0.0


def test_equals_the_definition_on_random_matrices():
    rng = np.random.default_rng(2)
    for _ in range(6):
        raw = rng.random((9, 9))
        similar = np.where(raw > 0.6, (raw - 0.6) / 0.4, PENALTY)
        similar = np.triu(similar) + np.triu(similar, 1).T
        np.fill_diagonal(similar, 1.0)
        found = fitness(similar, np.array([2, 3, 4]))
        for row, size in enumerate((2, 3, 4)):
            for start in range(9 - size + 1):
                assert found[row, start] == pytest.approx(slow_fitness(similar, start, size), abs=1e-9)
            assert (found[row, 9 - size + 1 :] == 0).all()


def test_the_matrix_is_symmetric_with_ones_on_the_diagonal(pieces):
    for abc in pieces[:5]:
        tune = parse(abc)
        found = similarity(events(tune), bar_starts(tune), float(tune.performance.duration))
        assert np.allclose(found, found.T) and (np.diag(found) == 1).all()
        assert found.max() <= 1 and found.min() >= PENALTY
