"""The words of a revision."""

from __future__ import annotations

from typing import Any

import pytest

from agent.editing.changes import CHANGES
from agent.editing.vocabulary import read_edits, table
from chiaroscore import ControlError


def said(text: str) -> list[tuple[str, Any]]:
    return [(edit.kind, edit.value) for edit in read_edits(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("slower", "tempo", 0.85),
        ("much slower", "tempo", 0.7225),
        ("a bit faster", "tempo", 1.0863),
        ("at 90", "qpm", 90.0),
        ("andante", "tempo word", "Andante"),
        ("in minor", "mode", "minor"),
        ("in dorian", "mode", "dorian"),
        ("up a tone", "interval", (1, 1, 2)),
        ("down a fifth", "interval", (-1, 4, 7)),
        ("a fourth higher", "interval", (1, 3, 5)),
        ("up 3 semitones", "interval", (1, None, 3)),
        ("in 3/4", "meter", "3/4"),
        ("16 bars", "bars", 16),
        ("2 minutes", "seconds", 120.0),
        ("an octave lower", "octave", -1),
        ("make it louder please", "dynamics", 1),
        ("much softer", "dynamics", -2),
        ("more staccato", "articulation", "staccato"),
        ("Another melody", "anew", "melody"),
    ],
)
def test_words(text: str, kind: str, value: object) -> None:
    assert said(text) == [(kind, value)]


def test_names() -> None:
    assert said("as a waltz")[0][1].name == "waltz"
    assert said("rock and roll")[0][1].name == "rock"
    key, moded = said("in D dorian")[0][1]
    assert (key.name, moded) == ("D dorian", True)
    assert said("transpose to F")[0][1][1] is False
    assert said("in rondo form")[0][1].name == "ABACA"
    assert said("melancholy")[0] == ("mood", said("melancholy")[0][1])
    old, new = said("cello instead of flute")[0][1]
    assert (old[0].name, new.name) == ("Flute", "Cello")
    assert [one.name for one in said("for flute, harp and cello")[0][1]] == ["Flute", "Harp", "Cello"]
    assert [value[0].name for _, value in said("add a harp and a flute")] == ["Harp", "Flute"]


def test_every_phrase_of_the_table_is_an_edit() -> None:
    for words in table()["words"]:
        kinds = [edit.kind for edit in read_edits(words)]
        assert kinds and all(kind in CHANGES for kind in kinds), words
    for words in table()["help"].values():
        for phrase in words.replace(", or a mood such as dreamy", "").split(", "):
            assert read_edits(phrase), phrase


@pytest.mark.parametrize(
    "text", ["wobblier", "slower, wobblier", "add a spoon", "instead of flute", "…", "a" * 600, ""]
)
def test_unknown_words_are_named_back(text: str) -> None:
    with pytest.raises(ControlError) as error:
        read_edits(text)
    if "wobblier" in text:
        assert "wobblier" in str(error.value) and "understood: tempo" in str(error.value)


def test_a_near_word_is_offered() -> None:
    with pytest.raises(ControlError, match="did you mean 'slower'"):
        read_edits("slowr")


def test_one_thing_is_asked_once_and_outright_words_go_before_moods() -> None:
    with pytest.raises(ControlError, match="both change the tempo"):
        read_edits("slower, faster")
    edits = read_edits("sadder, faster")
    assert [edit.value for edit in edits if edit.kind == "tempo"] == [1.18]
