"""From a teacher's examples to arrays: what is told of a plan, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from chiaroscore import InputError
from mapper.example import Example
from mapper.lessons import lessons
from mapper.traits import Vocabulary, answers, traits_of
from prompts import Emotion, Part, Plan, Rhythm, Tessitura

PLAN = Plan(
    title="Toy", genre="waltz", emotion=Emotion(words=["calm"], valence=0.1, arousal=-0.2),
    instruments=[
        Part(instrument="Cello", program=42, role="melody"), Part(instrument="Oud", program=0, role="bass")
    ],
    rhythm=Rhythm(words=["even"], density=2.0, note_length=1.0), tempo=128, key="D dorian", meter="3/4",
    form="AABA", bars=32, tessitura=Tessitura(center=60, spread=36), description="A waltz",
)  # fmt: skip


def example(at: int = 0, **changes: object) -> Example:
    vector = np.full(4, 0.5, np.float32)
    made = Example(
        f"toy:{at}#0", f"toy:{at}", "picture", "toy", "nobody", "none", "why", "music",
        PLAN.model_dump_json(), vector, vector, vector,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_traits_of_a_plan() -> None:
    traits = traits_of(PLAN, {"waltz": "dance"})
    assert (traits.mode, traits.tempo, traits.meter) == ("dorian", "fast", "3/4")
    assert (traits.genre, traits.group, traits.log_tempo) == ("waltz", "dance", 7)
    assert traits.families == {"strings", "other"}  # an oud is in no table of General MIDI
    assert traits_of(PLAN).group == "waltz"


def test_answers_are_places_in_the_vocabulary() -> None:
    one, other = traits_of(PLAN), traits_of(PLAN.model_copy(update={"key": "A major", "tempo": 64}))
    known = Vocabulary.of([one, other])
    assert dict(known.questions)["mode"] == ("dorian", "major")
    table = answers([one, other], known)
    assert table["mode"].tolist() == [0, 1]
    assert table["log_tempo"].tolist() == [7, 6]
    assert table["families"].tolist() == [[1, 1], [1, 1]]
    assert answers([other], Vocabulary.of([one]))["mode"].tolist() == [-1]  # never heard of


def test_examples_side_by_side() -> None:
    data = lessons([example(at, seen=np.full(4, at, np.float32)) for at in range(5)])
    assert data.seen[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert data.kin == ("toy:0", "toy:1", "toy:2", "toy:3", "toy:4")
    assert data.take(np.array([3, 1])).kin == ("toy:3", "toy:1")
    assert data.digest == lessons([example(at, seen=np.full(4, at, np.float32)) for at in range(5)]).digest
    assert data.digest != data.take(np.array([1, 0, 2, 3, 4])).digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder": "other"}, "several encoders"),
        ({"seen": np.zeros(5, np.float32)}, "2 shapes"),
        ({"why": np.full(4, np.nan, np.float32)}, "no numbers"),
        ({"plan": '{"title": 3}'}, "no valid plan"),
    ],
)
def test_examples_that_do_not_fit(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        lessons([*(example(at) for at in range(4)), example(9, **changes)])


def test_too_few() -> None:
    with pytest.raises(InputError, match="too few"):
        lessons([example()])
