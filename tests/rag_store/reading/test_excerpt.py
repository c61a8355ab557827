"""The most telling bars of a piece."""

from __future__ import annotations

from fractions import Fraction

from notation import check
from rag_store.reading.abc_text import to_abc
from rag_store.reading.excerpt import MOST_PARTS, excerpt
from rag_store.reading.measures import measures
from rag_store.reading.transcript import Meter, Part, Signature, Sound, Tempo, Transcript

F = Fraction
THEME = (60, 64, 67, 72, 71, 67, 65, 62)


def tune(bars: range, *, shift: int = 0, name: str = "Melody") -> Part:
    notes = [
        Sound(F(4 * bar) + F(n, 2), F(1, 2), 12 + shift + THEME[(n + bar % 4) % 8])
        for bar in bars
        for n in range(8)
    ]
    return Part(name, 73, False, tuple(notes))


def bass(bars: range, name: str = "Bass") -> Part:
    notes = [Sound(F(4 * bar + 2 * n), F(2), 36 + 7 * n) for bar in bars for n in range(2)]
    return Part(name, 32, False, tuple(notes))


def whole(*parts: Part, **more: object) -> Transcript:
    return Transcript(parts, (Meter(F(0), 4, 4),), signatures=(Signature(F(0), 0, "major"),), **more)  # type: ignore[arg-type]


def test_a_short_piece_is_its_own_excerpt() -> None:
    short = whole(tune(range(8)), bass(range(8)))
    assert excerpt(short) is short


def test_the_bars_in_which_all_play_and_the_theme_returns_are_taken() -> None:
    piece = whole(bass(range(60)), tune(range(20, 36)))
    found = excerpt(piece)
    assert found.remarks[-1] == "bars 21 to 36 of 60"
    assert [part.name for part in found.parts] == ["Melody", "Bass"]
    assert found.parts[0].notes[0].onset == 0
    assert len(measures(found)) == 16


def test_its_text_fits_the_budget_and_is_valid() -> None:
    parts = [tune(range(64), shift=n, name=f"Voice {n}") for n in range(9)]
    for budget in (2500, 1200, 500, 250):
        abc = to_abc(excerpt(whole(*parts, bass(range(64))), most_characters=budget))
        assert len(abc) <= budget
        assert not [problem for problem in check(abc) if problem.severity == "error"]


def test_no_more_parts_than_can_be_followed_and_no_doubles() -> None:
    parts = [tune(range(40), shift=n, name=f"Voice {n}") for n in (0, 12, 1, 2, 3, 4, 5)]
    found = excerpt(whole(*parts), most_characters=100_000)
    names = [part.name for part in found.parts]
    assert len(names) == MOST_PARTS
    assert not {"Voice 0", "Voice 12"} <= set(names)


def test_notes_are_cut_at_the_end_and_marks_move_to_the_beginning() -> None:
    long = Part(
        "Pad", 48, False, (*(Sound(F(16 * n), F(16), 55) for n in range(10)), Sound(F(92), F(16), 52))
    )
    tempi = (Tempo(F(0), 100.0), Tempo(F(40), 90.0))
    found = excerpt(whole(tune(range(20, 36)), long, bass(range(48)), tempi=tempi))
    assert found.tempi == (Tempo(F(0), 90.0),)
    end = measures(found)[-1].end
    assert all(
        note.onset >= 0 and note.onset + note.duration <= end for part in found.parts for note in part.notes
    )
