"""Sets against real music: the shipped statistics, and what the comparison says of sets that are known."""

import dataclasses
import json
from importlib import resources

import numpy as np
import pytest

from chiaroscore import ControlError
from evaluation import (
    CLOSENESS,
    CLOSENESS_MELODY,
    METRICS,
    Reference,
    closeness_row,
    compare,
    compare_pooled,
    compare_rows,
    group_reference,
    reference_of,
    standardised,
)
from evaluation.reference import reference_table
from notation import parse

GROUPS = ("folk", "march", "dance", "classical", "song", "jazz", "latin", "rock", "electronic", "modern")


def made(name, count, mean=0.0, sd=1.0, seed=0):
    values = np.random.default_rng(seed).normal(mean, sd, (count, 12))
    return Reference(name, False, CLOSENESS, values, np.arange(count))


def test_shipped_references_hold_what_they_say():
    table = reference_table()
    assert set(table["groups"]) == set(GROUPS)
    for name in GROUPS:
        reference = group_reference(name)
        assert reference is not None and reference.name == name
        entry = table["groups"][reference.about.get("joined", name)]
        assert reference.metrics == (CLOSENESS_MELODY if entry["monophonic"] else CLOSENESS)
        assert (
            reference.values.shape == (entry["excerpts"], 12)
            and len(set(entry["pieces_of_values"])) == entry["pieces"]
        )
        assert sum(source["pieces"] for source in entry["sources"]) == entry["pieces"]
        assert all(source["title"] and source["licence"] for source in entry["sources"])
        assert not any("Chiaroscore" in source["title"] for source in entry["sources"])
        assert set(entry["statistics"]) == set(METRICS)
        for place, metric in enumerate(reference.metrics):
            stated = entry["statistics"][metric]
            assert reference.mean[place] == pytest.approx(stated["mean"], rel=1e-3, abs=1e-4)
            assert reference.sd[place] == pytest.approx(stated["sd"], rel=1e-3, abs=1e-4)
            assert stated["quantiles"] == sorted(stated["quantiles"])
    with pytest.raises(ControlError, match="folk"):
        group_reference("polkas")


def test_the_table_holds_numbers_and_no_music():
    text = resources.files("evaluation").joinpath("data/reference.json").read_text("utf-8")
    assert len(text) < 300_000 and "K:" not in text
    assert json.loads(text)["source"]


def test_metrics_of_closeness_are_twelve_known_ones():
    assert len(CLOSENESS) == len(CLOSENESS_MELODY) == 12
    assert set(CLOSENESS) | set(CLOSENESS_MELODY) <= set(METRICS)
    assert [a for a, b in zip(CLOSENESS, CLOSENESS_MELODY, strict=True) if a != b] == ["polyphony"]


def test_a_draw_of_the_reference_is_close_and_a_shifted_one_is_not():
    reference = made("r", 200)
    near = compare_rows(made("x", 30, seed=1).values, reference)
    assert near.within == 12 and 0.6 < near.ratio < 2 and near.frechet_size == 30
    assert all(metric.overlap > 0.85 for metric in near.metrics)
    far = compare_rows(made("x", 30, mean=2.0, seed=1).values, reference)
    assert far.within == 0 and far.ratio > 5 and all(metric.difference > 1.2 for metric in far.metrics)
    assert all(a.overlap < b.overlap for a, b in zip(far.metrics, near.metrics, strict=True))
    flat = compare_rows(made("x", 30, sd=0.05, seed=1).values, reference)
    assert flat.within == 12 and flat.ratio > 3  # means agree, the spread does not


def test_numbers_of_one_metric_by_hand():
    reference = made("r", 50)
    rows = np.tile(np.arange(12.0), (3, 1))
    third = compare_rows(rows, reference).metrics[3]
    wanted = (3 - reference.values[:, 3].mean()) / reference.values[:, 3].std(ddof=1)
    assert (third.name, third.mean, third.sd) == (CLOSENESS[3], 3.0, 0.0)
    assert third.difference == pytest.approx(wanted) and third.within == (abs(wanted) <= 1)


def test_same_input_same_seed_same_numbers_and_excerpts_of_one_piece_never_meet():
    reference = made("r", 60)
    rows = made("x", 20, seed=1).values
    assert compare_rows(rows, reference) == compare_rows(rows, reference)
    # two excerpts a piece that are nearly the same: halves drawn by excerpts would be at no distance
    doubled = dataclasses.replace(
        reference, values=np.repeat(reference.values, 2, axis=0), pieces=np.repeat(reference.pieces, 2)
    )
    assert compare_rows(rows, doubled).frechet_halves == pytest.approx(
        compare_rows(rows, reference).frechet_halves, rel=0.2
    )


def test_few_pieces_have_no_frechet_distance_and_missing_values_no_say():
    rows = made("x", 3).values
    rows[1, 4] = np.nan
    found = compare_rows(rows, made("r", 40))
    assert np.isnan(found.frechet) and np.isnan(found.ratio) and found.frechet_size == 3
    assert np.isfinite(found.metrics[4].mean)
    flat = made("r", 40)
    flat.values[:, 2] = 7.0
    assert standardised(np.full((2, 12), 3.0), flat)[:, 2].tolist() == [0, 0]
    assert not compare_rows(rows, flat).metrics[2].within


def test_pooling_judges_every_piece_by_its_own_kind():
    low, high = made("low", 80, mean=0), made("high", 80, mean=50, sd=5)
    ours = {"low": made("x", 12, mean=0, seed=3).values, "high": made("x", 12, mean=50, sd=5, seed=4).values}
    good = compare_pooled(ours, [low, high])
    assert good.pieces == 24 and good.within == 12 and 0.6 < good.ratio < 2
    swapped = compare_pooled({"low": ours["high"], "high": ours["low"]}, [low, high])
    assert swapped.ratio > 20


def test_real_tunes_are_nearer_to_tunes_than_to_rock(pieces):
    tunes = [parse(abc) for abc in pieces[:12]]
    folk, rock = group_reference("folk"), group_reference("rock")
    near, far = compare(tunes, folk), compare(tunes, rock)
    assert near.within >= 11 and near.within > far.within
    assert far.ratio > 2 * near.ratio
    own = reference_of(tunes, "mine")
    assert own.monophonic and own.values.shape == (12, 12)
    assert compare(tunes, own).within == 12
    with pytest.raises(ControlError, match="two or more"):
        reference_of(tunes[:1], "mine")


def test_a_piece_of_many_voices_is_cut_to_its_melody_for_tune_books(chorale):
    row = closeness_row(parse(chorale), monophonic=True)
    alone = "X:1\nM:4/4\nL:1/4\nQ:1/4=60\nK:C\ncded|c4|\n"  # its soprano
    assert row == pytest.approx(closeness_row(parse(alone), monophonic=True), nan_ok=True)
