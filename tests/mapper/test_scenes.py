"""Textual scenes: different, repeatable, of all families, each knowing what it says."""

from __future__ import annotations

import pytest

from chiaroscore import ControlError
from mapper import scenes
from mapper.scenes import Telling, tellings


def test_a_longer_run_begins_with_a_shorter_one() -> None:
    assert list(tellings(40, seed=1)) == list(tellings(90, seed=1))[:40]
    assert list(tellings(40, seed=1)) != list(tellings(40, seed=2))


def test_families_come_in_turn() -> None:
    assert [one.family for one in tellings(9)] == [
        "natural", "urban", "indoor", "time", "season", "holiday", "behaviours", "tonality", "atmosphere",
    ]  # fmt: skip


def test_kin_are_about_one_thing() -> None:
    for one in tellings(300):
        assert one.kin.removeprefix("scene:").lower() in one.text.lower()


@pytest.fixture(scope="module")
def many() -> list[Telling]:
    return list(tellings(2500, seed=5))


def test_thousands_of_scenes_are_all_different(many: list[Telling]) -> None:
    texts = [one.text for one in many]
    assert len(set(texts)) == len(texts)
    assert not any("{" in text for text in texts)


def test_words_of_feeling_move_the_feeling(many: list[Telling]) -> None:
    mean = {
        word: sum(one.valence for one in group) / len(group)
        for word in ("joyful", "sorrowful")
        if (group := [one for one in many if word in one.feelings])
    }
    assert mean["joyful"] > 0.3 > -0.1 > mean["sorrowful"]


def test_night_is_darker_than_noon(many: list[Telling]) -> None:
    light = {hour: [one.light for one in many if hour in one.text] for hour in ("at noon", "at midnight")}
    assert sum(light["at noon"]) / len(light["at noon"]) > 0.2
    assert sum(light["at midnight"]) / len(light["at midnight"]) < -0.5


def test_no_more_scenes_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    lake = {"say": "a lake", "where": "water", "see": ["lake"], "feel": [0, 0], "space": [0.5, 0.5]}
    few = {"families": {"natural": ["{natural}."]}, "words": {"natural": [lake, lake | {"say": "a pond"}]}}
    monkeypatch.setattr(scenes, "_table", lambda: few)
    assert len(list(tellings(2))) == 2
    with pytest.raises(ControlError, match="no more"):
        list(tellings(3))
