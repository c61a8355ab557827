"""The plan bank: what is put in comes out, damaged files are refused, and votes are counted rightly."""

from __future__ import annotations

import dataclasses
import json
import pathlib

import numpy as np
import pytest
import safetensors.numpy

from chiaroscore import InputError
from mapper.bank import BANK, Bank, Reading, bank_of, load_bank
from mapper.choices import choices_of
from mapper.deciding import calibrated, decide
from mapper.example import Example
from prompts import Emotion, Part, Plan, Rhythm, Tessitura

LENGTH = 16


def plan(genre: str, key: str = "D dorian", tempo: float = 96.0, title: str = "A Title") -> Plan:
    return Plan(
        title=title, genre=genre, emotion=Emotion(words=["calm", "warm"], valence=0.4, arousal=-0.3),
        instruments=[
            Part(instrument="Violin", program=40, role="melody"),
            Part(instrument="Cello", program=42, role="bass"),
        ],
        rhythm=Rhythm(words=["flowing"], density=2.5, note_length=1.0), tempo=tempo, key=key, meter="3/4",
        form="AABA", bars=32, tessitura=Tessitura(center=72, spread=30), description="Music.",
    )  # fmt: skip


def example(at: int, kin: str, made: Plan, heard: np.ndarray, rationale: str = "") -> Example:
    vector = (heard / np.linalg.norm(heard)).astype(np.float32)
    zeros = np.zeros(3, dtype=np.float32)
    said = rationale or f"because of {at}"
    plan_json = made.model_dump_json()
    return Example(
        f"{kin}#{at}", kin, "text", "toy", "teacher", "", said, "Music.", plan_json, zeros, vector, vector
    )


def directions(count: int) -> np.ndarray:
    return np.random.default_rng(2).standard_normal((count, LENGTH))


@pytest.fixture
def bank() -> Bank:
    """Six waltzes in minor round one direction, three marches in major round another."""
    first, second = directions(2)
    near = 0.2 * directions(9)
    rows = [
        example(at, f"k{at}", plan("waltz", "A minor", 80.0 + at, f"Waltz {at}"), first + near[at])
        for at in range(6)
    ]
    rows += [example(at, f"k{at}", plan("march", "C major", 120.0), second + near[at]) for at in (6, 7, 8)]
    return bank_of(rows, {"waltz": "dance"})


def test_a_bank_goes_through_its_file(bank: Bank, tmp_path: pathlib.Path) -> None:
    bank.save(tmp_path)
    found = load_bank(tmp_path, heard=LENGTH, why=LENGTH)
    assert [found.plan(at) for at in range(len(found))] == [bank.plan(at) for at in range(len(bank))]
    assert found.rationales == bank.rationales and found.reading == bank.reading and found.digest
    assert (found.heard * bank.heard).sum(axis=1).min() > 0.9999
    waltz = next(one for one in map(found.plan, range(9)) if one.title == "Waltz 3")
    assert waltz == choices_of(plan("waltz", "A minor", 83.0, "Waltz 3"), {"waltz": "dance"})
    assert waltz.seats == (("Violin", "melody"), ("Cello", "bass"))
    assert (waltz.mode, waltz.group, waltz.families, waltz.tempo) == ("minor", "dance", "strings", 83.0)


def test_kins_take_turns_and_repetitions_are_left_out() -> None:
    one, two = directions(2)
    rows = [example(at, "much", plan("waltz", tempo=60.0 + at), one) for at in range(8)]
    rows += [example(8, "little", plan("march"), two), example(9, "again", plan("march", title="Other"), two)]
    small = bank_of(rows, most=2)
    assert sorted(small.plan(at).genre for at in range(2)) in (["march", "waltz"], ["march", "march"])
    whole = bank_of(rows)
    assert len(whole) == 9  # the march counts once, under whatever title
    assert (
        len(bank_of([example(at, "k", plan("waltz"), one, "same words") for at in range(3)]).rationales) == 1
    )


def test_neighbours_decide_and_one_plan_is_taken_whole(bank: Bank) -> None:
    toward = bank.heard[[bank.plan(at).genre == "waltz" for at in range(9)]].mean(axis=0)
    found = decide(bank, toward / np.linalg.norm(toward), {}, {})
    assert found.choices in [bank.plan(at) for at in range(9)] and found.choices.genre == "waltz"
    assert found.sure["genre"] > 0.99 and found.sure["mode"] > 0.99
    assert len(found.nearest) == 3 and found.nearest[0].similarity >= found.nearest[1].similarity
    assert found == decide(bank, toward / np.linalg.norm(toward), {}, {})


def test_the_head_has_its_share(bank: Bank) -> None:
    even = dataclasses.replace(bank, reading=Reading(temperature=10.0, head=0.5))  # six votes against three
    answers = {"genre": ("march", "waltz"), "mode": ("major", "minor"), "group": ("march", "dance")}
    for genre, chance in (("march", [0.99, 0.01]), ("waltz", [0.01, 0.99])):
        told = {name: np.array(chance, dtype=np.float32) for name in answers}
        assert decide(even, bank.heard[0], told, answers).choices.genre == genre


def test_votes_and_head_are_mixed_as_the_formula_says(bank: Bank) -> None:
    one = int(np.flatnonzero([bank.plan(at).genre == "march" for at in range(9)])[0])
    told = {"genre": np.array([0.25, 0.75], dtype=np.float32)}
    found = decide(bank, bank.heard[one], told, {"genre": ("march", "waltz")})
    cosines = bank.heard @ bank.heard[one]
    weights = np.exp(cosines / bank.reading.temperature)
    votes = weights[[bank.plan(at).genre == "march" for at in range(9)]].sum() / weights.sum()
    assert found.choices.genre == "march"
    assert found.sure["genre"] == pytest.approx(0.5 * votes + 0.5 * 0.25, abs=1e-5)


def test_calibration_trusts_whom_it_should(bank: Bank) -> None:
    """Where the head is always right and the vectors say nothing, all is the head's; and the reverse."""
    chance = np.random.default_rng(0)
    names = ("march", "waltz")
    said = chance.integers(0, 2, 60)
    right = {"genre": np.eye(2, dtype=np.float32)[said] * 0.98 + 0.01}
    truth = {name: [str(getattr(bank.plan(0), field)) for _ in said] for name, field in
             (("mode", "mode"), ("tempo", "pace"), ("meter", "meter"), ("group", "group"))}  # fmt: skip
    truth["genre"] = [names[at] for at in said]
    blind = chance.standard_normal((60, LENGTH)).astype(np.float32)
    blind /= np.linalg.norm(blind, axis=1, keepdims=True)
    found, _ = calibrated(bank, blind, right, {"genre": names}, truth)
    assert found.reading.head == 1.0
    genres = [bank.plan(at).genre for at in range(9)]
    places = [genres.index(names[at]) for at in said]
    wrong = {"genre": 1 - right["genre"]}
    found, judged = calibrated(bank, bank.heard[places], wrong, {"genre": names}, truth)
    assert found.reading.head == 0.0 and judged["accuracy"] > 0.5


def _broken(data: bytes, change: str) -> bytes:
    if change == "cut":
        return data[: len(data) // 2]
    if change == "foreign":
        return safetensors.numpy.save({"a": np.zeros(3, dtype=np.float32)})
    arrays = safetensors.numpy.load(data)
    said = json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["bank"])
    if change == "code":
        arrays["code.genre"] = arrays["code.genre"] + 500
    if change == "number":
        arrays["number.tempo"] = arrays["number.tempo"] * np.nan
    if change == "rows":
        arrays["number.tempo"] = arrays["number.tempo"][:-1]
    if change == "format":
        said["format"] = 9
    if change == "table":
        said["tables"].pop("genre")
    if change == "reading":
        said["reading"]["temperature"] = 0
    return safetensors.numpy.save(arrays, {"bank": json.dumps(said)})


@pytest.mark.parametrize("change", ["cut", "foreign", "code", "number", "rows", "format", "table", "reading"])
def test_damaged_banks_are_refused(bank: Bank, tmp_path: pathlib.Path, change: str) -> None:
    bank.save(tmp_path)
    path = tmp_path / BANK
    path.write_bytes(_broken(path.read_bytes(), change))
    with pytest.raises(InputError, match="cannot"):
        load_bank(tmp_path)


def test_a_bank_of_another_mapper_is_refused(bank: Bank, tmp_path: pathlib.Path) -> None:
    bank.save(tmp_path)
    with pytest.raises(InputError, match=r"length 16, and the mapper's have 384"):
        load_bank(tmp_path, heard=384)
    with pytest.raises(InputError, match="No such file"):
        load_bank(tmp_path / "nowhere")
    with pytest.raises(InputError, match="at least one"):
        bank_of([])
    with pytest.raises(InputError, match="cannot be read by"):
        Reading(neighbours=0)
