"""How exemplars are sought can be chosen, also not at all; the manifest says so where it is not the usual."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from agent import Agent, Piece, load_piece
from agent.offline.perceive import OfflinePerceiver
from chiaroscore import ControlError
from notation import check

SHORT: dict[str, Any] = {"bars": 8, "tempo": 180, "meter": "4/4", "seed": 3}


def seeking(agent: Agent, *tracks: str) -> Agent:
    """Return an agent of the same store with other tracks."""
    return Agent(vlm="offline", perceiver=OfflinePerceiver(), store=agent.store, tracks=tracks)


def kinds(agent: Agent, piece: Piece) -> set[str]:
    """Return the tracks that the reasons of the exemplars name."""
    return {why.partition(":")[0] for hit in agent.retrieve(piece.plan) for why in hit.why}


def test_without_tracks_every_motif_is_invented(
    agent_of_run: Agent, piece: Piece, picture: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    alone = seeking(agent_of_run).compose(picture, **SHORT)
    assert check(alone.abc) == []
    assert alone.plan == piece.plan and alone.abc != piece.abc
    assert alone.exemplars == ()
    assert any(use.source for use in piece.draft.uses) and not any(use.source for use in alone.draft.uses)
    assert alone.originality is not None  # what is copied is minded all the same
    alone.save(tmp_path, formats=["abc"])
    record = json.loads((tmp_path / "manifest.json").read_text())
    assert record["tracks"] == [] and record["exemplars"] == []
    assert load_piece(tmp_path, store=agent_of_run.store).manifest()["tracks"] == []


def test_one_track_alone_gives_its_reasons_alone(agent_of_run: Agent, piece: Piece) -> None:
    assert kinds(seeking(agent_of_run, "broad"), piece) == {"broad"}
    assert kinds(seeking(agent_of_run, "targeted"), piece) == {"targeted"}
    assert kinds(seeking(agent_of_run, "targeted", "broad"), piece) == {"broad", "targeted"}


def test_both_tracks_are_usual_and_not_worth_a_word(agent_of_run: Agent, piece: Piece) -> None:
    assert piece.tracks == agent_of_run.tracks == ("broad", "targeted")
    assert "tracks" not in piece.manifest()
    assert seeking(agent_of_run, "targeted", "broad").tracks == agent_of_run.tracks


@pytest.mark.parametrize("tracks", [("brod",), ("broad", "text"), "deep", ""])
def test_unknown_tracks_are_refused(tracks: Any) -> None:
    with pytest.raises(ControlError, match="broad, targeted"):
        Agent(tracks=tracks)
