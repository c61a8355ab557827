"""Judging made plans and vectors by the teacher's: cases whose answers are known."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from chiaroscore import ControlError
from mapper.choices import Choices
from mapper.judging import (
    agreed,
    agreement,
    ceiling,
    cosines,
    interval,
    nearest_cosines,
    padded,
    retrieved,
    spread,
    vendi,
)

WALTZ = Choices(
    mode="minor", pace="moderate", meter="3/4", genre="waltz", group="dance", families="strings", title="",
    key="A minor", form="AABA", dynamics="p", articulation="legato", words="calm", rhythm="flowing",
    players="Violin:melody|Cello:bass", valence=0.0, arousal=0.0, tempo=100.0, bars=16.0, density=2.0,
    note_length=0.9, swing=0.5, center=70.0, spread=7.0,
)  # fmt: skip
MARCH = dataclasses.replace(
    WALTZ, mode="major", meter="2/4", genre="march", players="Violin:melody|Tuba:bass|Flute:harmony"
)


def axes(*places: int, dim: int = 4) -> np.ndarray:
    return np.eye(dim, dtype=np.float32)[list(places)]


def test_plans_agree_question_by_question() -> None:
    found = agreed(WALTZ, MARCH)
    assert (found["mode"], found["tempo"], found["meter"], found["genre"], found["group"]) == (0, 1, 0, 0, 1)
    assert found["instruments"] == pytest.approx(2 * 1 / (2 + 3))
    assert set(agreed(WALTZ, WALTZ).values()) == {1.0}


def test_who_plays_twice_counts_once() -> None:
    twice = dataclasses.replace(WALTZ, players="Violin:melody|Violin:harmony|Cello:bass")
    assert agreed(WALTZ, twice)["instruments"] == 1.0


def test_agreement_is_the_mean_over_all_pairs() -> None:
    found, fit = agreement([[WALTZ, MARCH]], [[WALTZ, WALTZ, MARCH]])
    assert found["mode"] == pytest.approx([(2 + 1) / 6])
    # the march fits as long as the taught march is not the one that is left out
    assert fit == pytest.approx([(1 + 2 / 3) / 2])


def test_the_ceiling_leaves_each_plan_out_once() -> None:
    found, fit = ceiling([[WALTZ, WALTZ, MARCH], [WALTZ, WALTZ, WALTZ]])
    assert found["genre"] == pytest.approx([1 / 3, 1.0])
    assert fit == pytest.approx([2 / 3, 1.0])


def test_a_perfect_imitation_reaches_the_ceiling() -> None:
    """Who draws from the teacher's plans with its own frequencies agrees as often as it does with itself."""
    chance = np.random.default_rng(0)
    draw = [[(WALTZ, MARCH)[toss] for toss in row] for row in chance.integers(0, 2, (600, 3))]
    made = [[(WALTZ, MARCH)[toss] for toss in row] for row in chance.integers(0, 2, (600, 3))]
    (ours, our_fit), (theirs, their_fit) = agreement(made, draw), ceiling(draw)
    assert ours["mode"].mean() == pytest.approx(theirs["mode"].mean(), abs=0.03)
    assert our_fit.mean() == pytest.approx(their_fit.mean(), abs=0.03)


def test_padding_takes_turns() -> None:
    assert padded(["a", "b"], 3) == ["a", "b", "a"]
    assert padded(["a"], 3) == ["a"] * 3


def test_cosines_of_known_directions() -> None:
    made, right = axes(0, 1)[None], axes(0, 2)[None]
    assert cosines(made, right) == pytest.approx([1 / 4])
    assert nearest_cosines(made, right) == pytest.approx([1 / 2])


def test_retrieval_by_its_formula() -> None:
    """One truth and three others of another kin, of which two are nearer, one drawn: 1/3 to be the first."""
    right = np.stack([axes(0, 0, 0), np.array([[1, 0, 0, 0], [0.8, 0.6, 0, 0], [0, 0, 1, 0]], np.float32)])
    made = np.array([[[0.9, math.sqrt(1 - 0.81), 0, 0]]] * 2, np.float32)
    right[0] = axes(1, 1, 1)  # cosine 0.436 with what was made
    found = retrieved(made, right, ("a", "b"), among=2, first=1)
    assert found[0] == pytest.approx(1 / 3)


def test_retrieval_at_its_ends_and_by_chance() -> None:
    chance = np.random.default_rng(1)
    rows = chance.standard_normal((150, 1, 24)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    kin = [str(at) for at in range(150)]
    assert retrieved(rows, rows, kin).min() == pytest.approx(1.0)
    assert retrieved(-rows, rows, kin).max() < 1e-6
    same = np.broadcast_to(rows[:1], rows.shape)
    assert retrieved(same, rows, kin).mean() == pytest.approx(10 / 70, abs=0.01)
    all_alike = np.broadcast_to(rows[:1], rows.shape)
    assert retrieved(same, all_alike, kin) == pytest.approx(np.full(150, 0.5))


def test_retrieval_agrees_with_drawing() -> None:
    chance = np.random.default_rng(2)
    rows = chance.standard_normal((90, 1, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    made = rows + 0.5 * chance.standard_normal(rows.shape).astype(np.float32)
    others, own = rows[1:, 0] @ made[0, 0], rows[0, 0] @ made[0, 0]
    draws = [(chance.permutation(others)[:19] > own).sum() < 3 for _ in range(4000)]
    found = retrieved(made, rows, [str(at) for at in range(90)], among=20, first=3)[0]
    assert found == pytest.approx(np.mean(draws), abs=0.03)


def test_the_teacher_is_not_found_by_itself() -> None:
    right = np.stack([axes(0, 1), axes(2, 2)])
    found = retrieved(right, right, ("a", "b"), among=2, first=1, itself=True)
    assert found[0] == pytest.approx(0.5)  # its other plan is as far as the two others: ties
    assert found[1] == pytest.approx(1.0)


def test_kin_is_no_rival() -> None:
    with pytest.raises(ControlError, match="69 plans of other kins"):
        retrieved(np.ones((80, 1, 2), np.float32), np.ones((80, 1, 2), np.float32), ["a"] * 80)


def test_spread_of_samples() -> None:
    rows = np.stack([axes(0, 1, 2), axes(0, 0, 0), axes(0, 0, 1)])
    assert spread(rows) == pytest.approx([1.0, 0.0, 2 / 3])
    assert spread(rows[:, :1]) == pytest.approx([0.0] * 3)


def test_vendi_counts_what_is_different() -> None:
    assert vendi(axes(0, 1, 2)) == pytest.approx(3.0)
    assert vendi(axes(0, 0, 0)) == pytest.approx(1.0)
    assert vendi(axes(0, 0, 1, 1)) == pytest.approx(2.0)


def test_the_interval_goes_by_kin() -> None:
    chance = np.random.default_rng(3)
    values = chance.standard_normal(400)
    alone = interval(values, [str(at) for at in range(400)])
    assert alone.mean == pytest.approx(values.mean())
    assert alone.high - alone.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    together = interval(np.repeat(values[:40], 10), [str(at // 10) for at in range(400)])
    assert together.high - together.low == pytest.approx(2 * 1.96 * values[:40].std() / 40**0.5, rel=0.1)
    assert interval(values, ["one"] * 400).low == pytest.approx(values.mean())
    assert interval(values, ["a"] * 400, seed=5) == interval(values, ["a"] * 400, seed=5)
