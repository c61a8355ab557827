"""Keeping bars, going on, alternatives, and pieces taken up from their folder."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from agent import Agent, Piece, load_piece
from agent.editing.desk import kept_bars
from agent.editing.score import read_score
from agent.offline.writer.given import overlaid
from chiaroscore import ControlError, InputError
from notation import check


@pytest.fixture(scope="module", params=["swing"])
def piece(agent_of_run: Agent, picture: pathlib.Path, request: pytest.FixtureRequest) -> Piece:
    """A piece of 24 bars."""
    return agent_of_run.compose(picture, genre=request.param, bars=24, seed=5)


def music(piece: Piece, bars: Iterable[int]) -> list[list[Any]]:
    """What each voice plays in some bars (from 0), notes cut at their ends."""
    score = read_score(piece.abc, piece.plan)
    return [
        [
            (e.start, e.length, e.tones, e.letters)
            for e in overlaid([], line.events, frozenset(bars), score.bar.length)
        ]
        for line in score.lines
    ]


def valid(piece: Piece) -> bool:
    return not [problem for problem in check(piece.abc) if problem.severity == "error"]


@pytest.mark.parametrize("bars", [(1, 8), (9, 16), [(1, 4), (13, 18)]])
def test_kept_bars_stay_note_for_note_and_the_rest_is_new(piece: Piece, bars: Any) -> None:
    other = piece.keep(bars)
    kept = kept_bars(bars, 24)
    rest = set(range(24)) - kept
    assert music(other, kept) == music(piece, kept)
    assert music(other, rest)[0] != music(piece, rest)[0]
    assert valid(other) and other.seed == piece.seed + 1
    assert other.abc == piece.keep(bars).abc
    assert other.abc != piece.keep(bars, seed=77).abc


def test_the_melody_goes_on_from_what_is_kept(piece: Piece) -> None:
    other = piece.keep((1, 8))
    notes = read_score(other.abc, other.plan).melody.events
    end = 8 * read_score(other.abc, other.plan).bar.length
    last = [event for event in notes if event.start < end][-1]
    first = next(event for event in notes if event.start >= end)
    assert abs(first.pitches[-1] - last.pitches[-1]) <= 12
    assert any(use.source == "kept bars" for use in other.draft.uses if use.bar >= 8)


def test_extend_goes_on_to_a_cadence(piece: Piece) -> None:
    longer = piece.extend(8)
    assert longer.plan.bars == 32 and len(longer.tune.voices[0].bars) == 32
    assert music(longer, range(24)) == music(piece, range(24))
    assert all(line for line in music(longer, range(24, 32))[:1])
    assert longer.draft.form[-1].letter not in {section.letter for section in piece.draft.form}
    tonic = longer.plan.key.split()[0]
    assert longer.tune.voices[0].notes[-1].spelled.startswith(tonic)
    assert valid(longer)


def test_alternatives_are_ranked_and_different(piece: Piece) -> None:
    ranked = piece.vary(3)
    scores = [one.verdict.score for one in ranked]
    assert scores == sorted(scores, reverse=True)
    for one, other in itertools.combinations((piece, *ranked), 2):
        assert music(one, range(24))[0] != music(other, range(24))[0]
    assert all(one.plan == piece.plan and valid(one) for one in ranked)


@pytest.mark.parametrize("bars", [(0, 8), (1, 99), (8, 1), (1, 24), "1-8", [], [(1,)], 5])
def test_ranges_that_are_none(piece: Piece, bars: Any) -> None:
    with pytest.raises(ControlError):
        piece.keep(bars)


def test_counts_that_are_none(piece: Piece) -> None:
    for count in (0, 65, "x"):
        with pytest.raises(ControlError):
            piece.extend(count)  # type: ignore[arg-type]
    with pytest.raises(ControlError):
        piece.vary(0)


def test_a_saved_piece_is_taken_up(piece: Piece, tmp_path: pathlib.Path, picture: pathlib.Path) -> None:
    piece.save(tmp_path / "one", formats=["abc"])
    again = load_piece(tmp_path / "one")
    assert again.manifest() == piece.manifest()
    assert again.revise("slower, another melody").abc == piece.revise("slower, another melody").abc
    assert again.keep((1, 8)).abc == piece.keep((1, 8)).abc
    assert load_piece(tmp_path / "one", picture=picture).picture is not None
    longer = piece.extend(4)
    longer.save(tmp_path / "two", formats=["abc"])
    assert load_piece(tmp_path / "two").manifest() == longer.manifest()


def test_folders_that_hold_no_piece(piece: Piece, tmp_path: pathlib.Path) -> None:
    with pytest.raises(InputError, match="holds no saved piece"):
        load_piece(tmp_path / "nothing")
    piece.save(tmp_path / "one", formats=["mid"])
    with pytest.raises(InputError, match="format abc"):
        load_piece(tmp_path / "one")
    (tmp_path / "one" / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        load_piece(tmp_path / "one")
    (tmp_path / "one" / "manifest.json").write_text('{"abc_sha256": "x"}')
    with pytest.raises(InputError, match="not a manifest"):
        load_piece(tmp_path / "one")


def test_the_command(piece: Piece, tmp_path: pathlib.Path, cli: Callable[..., Any]) -> None:
    piece.save(tmp_path / "old", formats=["abc"])
    done = cli("revise", tmp_path / "old", "slower", "-o", tmp_path / "new", "--formats", "abc", "--json")
    assert done.code == 0 and '"remarks"' in done.out
    assert load_piece(tmp_path / "new").lineage[0].request == "slower"
    done = cli("revise", tmp_path / "old", "--keep", "1-4", "-o", tmp_path / "kept", "--formats", "abc")
    assert done.code == 0 and load_piece(tmp_path / "kept").lineage[0].what == "keep"
    done = cli("revise", tmp_path / "old", "--vary", "2", "-o", tmp_path / "many", "--formats", "abc")
    assert done.code == 0 and sorted(path.name for path in (tmp_path / "many").iterdir()) == ["1", "2"]
    done = cli("revise", tmp_path / "old", "wobblier", "-o", tmp_path / "no")
    assert done.code == 2 and "not understood" in done.err and not (tmp_path / "no").exists()
    done = cli("revise", tmp_path / "old", "slower", "--extend", "4", "-o", tmp_path / "no")
    assert done.code == 2 and "cannot go together" in done.err
