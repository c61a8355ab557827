import numpy as np
import pytest

from rag_store.searching.diversity import diversify
from rag_store.searching.fuse import by_rank, fuse, targeted_weight
from rag_store.searching.wanted import Wanted


def test_text_and_wishes_by_hand():
    text = np.array([0.9, 0.8, 0.7, -0.2])
    scores = fuse({"text": text}, np.array([4 / 6, 0, 1, 0]), 2.0)
    assert scores == pytest.approx([(1 + 2 * 4 / 6) / 3, (0.8 / 0.9) / 3, (0.7 / 0.9 + 2) / 3, 0])
    assert fuse({"text": text}, np.zeros(4), 0.0)[0] == 1.0


def test_other_spaces_count_by_rank():
    music = np.array([0.99, 0.98, 0.98, 0.2])
    assert by_rank(music) == pytest.approx([1, 61 / 62, 61 / 62, 61 / 64])
    assert by_rank(np.array([0.3, -2.0, 0.1])) == pytest.approx([1, 0, 61 / 62])
    both = fuse({"text": np.array([0.1, 0.4, 0.2, 0.4]), "image": music / 4}, np.zeros(4), 0.0)
    assert both == pytest.approx([(0.25 + 1) / 2, (1 + 61 / 62) / 2, (0.5 + 61 / 62) / 2, (1 + 61 / 64) / 2])


def test_wishes_alone_and_conditions_alone():
    assert fuse({}, np.array([0.5, 1.0]), 2.0).tolist() == [0.5, 1.0]
    assert fuse({}, np.zeros(2), 0.0).tolist() == [1.0, 1.0]


def test_what_is_asked_outright_weighs_double():
    track = np.array([1])
    assert targeted_weight(track, Wanted(mood="sad")) == 2.0
    assert targeted_weight(track, Wanted(mood="sad", read=frozenset({"mood"}))) == 1.0
    assert targeted_weight(track[:0], Wanted(mood="sad")) == 0.0


def test_variety_prefers_what_differs():
    scores = np.array([1.0, 0.99, 0.98])
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert diversify(scores, vectors, 2, 0.25) == [0, 2]
    assert diversify(scores, vectors, 3, 0.25) == [0, 2, 1]
    assert diversify(scores, vectors, 2, 0.0) == [0, 1]


@pytest.mark.parametrize("diversity", [0.0, 0.25, 0.8])
def test_variety_is_that_of_a_slow_reading(diversity):
    rng = np.random.default_rng(3)
    scores = np.sort(rng.random(30))[::-1]
    vectors = rng.standard_normal((30, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    chosen = [0]
    while len(chosen) < 12:
        left = [at for at in range(30) if at not in chosen]
        merit = {
            at: (1 - diversity) * scores[at]
            - diversity * max(float(vectors[at] @ vectors[c]) for c in chosen)
            for at in left
        }
        chosen.append(max(left, key=merit.__getitem__))
    assert diversify(scores, vectors, 12, diversity) == chosen


def test_the_budget_is_kept_and_used():
    scores, vectors = np.array([0.9, 0.8, 0.7, 0.6]), np.eye(4, dtype=np.float32)
    costs = np.array([50, 60, 40, 10])
    assert diversify(scores, vectors, 4, 0.25, costs, 100) == [0, 2, 3]
    assert diversify(scores, vectors, 4, 0.25, costs, 45) == [2]
    assert diversify(scores, vectors, 4, 0.25, costs, 9) == []
