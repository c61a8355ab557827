"""Books, fields and voices: what can be read without reading music."""

from __future__ import annotations

import pytest

import notation
from notation.fields import extent, scan, unified

BOOK = "% a book\n%%MIDI gchordoff\n\nX:1\nT:One\nK:C\nC|\n\nleft over\n\nX:2\nT:Two\nK:D\nD|\nX:3\nK:E\nE|"


def test_split_gives_each_tune_with_the_shared_directives() -> None:
    tunes = notation.split(BOOK)
    assert tunes == [
        "%%MIDI gchordoff\nX:1\nT:One\nK:C\nC|\n",
        "%%MIDI gchordoff\nX:2\nT:Two\nK:D\nD|\n",
        "%%MIDI gchordoff\nX:3\nK:E\nE|\n",
    ]
    assert [notation.parse(tune).key.tonic for tune in tunes] == ["C", "D", "E"]


@pytest.mark.parametrize(
    ("book", "count"),
    [
        ("", 0),
        (" \n", 0),
        ("K:C\nC|", 1),
        ("X:1\r\nK:C\r\nC|\r\n\r\nX:2\r\nK:C\r\nD|\r\n", 2),
        ("\ufeffX:1\nK:C\nC|", 1),
    ],
)
def test_split_of_odd_books(book: str, count: int) -> None:
    tunes = notation.split(book)
    assert len(tunes) == count
    assert all(tune.endswith("\n") and "\r" not in tune for tune in tunes)


def test_splitting_again_changes_nothing() -> None:
    for tune in notation.split(BOOK):
        assert notation.split(tune) == [tune]


def test_who_has_the_floor() -> None:
    text = 'X:1\nV:A name="Alto"\nV:B\nK:C\nc|\n[V:A] C|[V:B] D|\nV:A\nE|\n'
    fields = scan(text, *extent(text))
    spoken = {letter: fields.voice_at(text.index(letter, fields.body)) for letter in "cCDE"}
    assert spoken == {"c": "B", "C": "A", "D": "B", "E": "A"}
    assert fields.voices["A"].name == "Alto"


def test_line_ends_are_unified() -> None:
    assert unified("\ufeffa\r\nb\rc\n") == "a\nb\nc\n"
