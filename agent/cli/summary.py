"""What is said of a piece on the terminal when it is done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.piece import Piece
    from prompts import Cause

#: Characters of a line of reasons.
_WIDTH = 110


def lines(piece: dict[str, Any]) -> list[str]:
    """Return the summary of a piece from what `agent.cli.compose.described` says of it."""
    players = ", ".join(f"{part['name']} ({part['role']})" for part in piece["instruments"])
    pace = f"{piece['tempo']:g} qpm" + (f" ({piece['tempo_text']})" if piece["tempo_text"] else "")
    names = [os.path.basename(file) for file in piece["files"]]
    folder = os.path.dirname(piece["files"][0]) or "."
    return [
        piece["title"],
        f"  {piece['genre']} in {piece['key']}, {piece['meter']}, {pace}, {piece['bars']} bars; {players}",
        *(f"  {reason}" for reason in piece["because"]),
        *requests(piece["obeyed"]),
        f"  {folder}: {', '.join(names)}",
    ]


def requests(obeyed: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what became of the requests: one line for those met, one for each that was not."""
    met = [one["name"] for one in obeyed if one["met"]]
    found = [_short(f"asked for and met, as measured on the score: {', '.join(met)}")] if met else []
    return [
        *(f"  {line}" for line in found),
        *(
            f"  NOT MET: {one['name']} {one['asked']}; the score has {one['measured']}"
            for one in obeyed
            if not one["met"]
        ),
    ]


def because(piece: Piece) -> list[str]:
    """Return why a piece sounds so, in two lines: what was seen, and what that led to."""
    scene = piece.scene
    seen = ", ".join(one.name for one in scene.objects[:2]) or scene.setting
    colours = ", ".join(swatch.name for swatch in scene.colour.swatches[:2])
    felt = f"valence {scene.emotion.valence:+.2f}, arousal {scene.emotion.arousal:+.2f}"
    plan = piece.plan
    decided = {"genre": plan.genre, "key": plan.key, "tempo": f"{plan.tempo:g} qpm"}
    led = "; ".join(
        f"{decision}, for {_reason(plan.causes[name])}"
        for name, decision in decided.items()
        if plan.causes.get(name)
    )
    return [_short(f"seen: {seen}; {colours}; {scene.emotion.words[0]} ({felt})"), _short(f"so: {led}")]


def _reason(causes: Sequence[Cause]) -> str:
    """Return the first cause that is not another decision."""
    cause = next((one for one in causes if one.scene != "genre"), causes[0])
    if cause.scene == "request":
        return f"it was asked for ({cause.value})"
    return f"{cause.scene.rpartition('.')[2]} {cause.value}"


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _WIDTH else plain[: _WIDTH - 1].rsplit(" ", 1)[0] + " …"
