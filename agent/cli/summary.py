"""What is said of a piece on the terminal when it is done."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.piece import Piece
    from agent.vlm.transcript import Call
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


def who(piece: Piece) -> dict[str, Any]:
    """Return who did which step, what the model's calls took, and how the candidates were ranked."""
    minds = {step: piece.minds.get(step, "offline") for step in ("perceive", "plan")}
    ranked = (piece, *piece.alternatives) if piece.alternatives else ()
    return {
        "minds": {**minds, "write": piece.writer},
        "calls": {**_taken(piece.calls), "steps": {
            step: _taken([call for call in piece.calls if call.step == step])
            for step in dict.fromkeys(call.step for call in piece.calls)
        }},
        "ranking": [{"score": one.verdict.score, "missed": list(one.verdict.missed)} for one in ranked],
    }  # fmt: skip


def _taken(calls: Sequence[Call]) -> dict[str, Any]:
    """Return number, tokens and seconds of calls to a model."""
    return {
        "count": len(calls),
        "prompt_tokens": sum(call.prompt_tokens or 0 for call in calls),
        "completion_tokens": sum(call.completion_tokens or 0 for call in calls),
        "seconds": round(sum(call.seconds for call in calls), 3),
    }


def makers(piece: dict[str, Any]) -> list[str]:
    """Return who made a piece, the ranking of its candidates, and what a user has to know.

    Nothing of what goes without saying: a piece by the offline mind has no line for who made it.
    """
    found = []
    if any(mind != "offline" for mind in piece["minds"].values()):
        found.append(_minds(piece["minds"]))
    calls = piece["calls"]
    if calls["count"]:
        number = f"{calls['count']} call{'s' * (calls['count'] > 1)}"
        found.append(
            f"the model: {number}, {calls['prompt_tokens']} + {calls['completion_tokens']} tokens, "
            f"{calls['seconds']:.1f} s ({_steps(calls['steps'])})"
        )
    if piece["ranking"]:
        found.append(f"ranking: {', '.join(_place(at, one) for at, one in enumerate(piece['ranking'], 1))}")
    return [f"  {line}" for line in [*found, *(f"note: {remark}" for remark in piece["remarks"])]]


def _minds(minds: Mapping[str, str]) -> str:
    """Say who did what, each mind once: "looked, planned: a; wrote: b"."""
    did = {"perceive": "looked", "plan": "planned", "write": "wrote"}
    by = {mind: [did[step] for step in did if minds[step] == mind] for mind in dict.fromkeys(minds.values())}
    return "; ".join(f"{', '.join(steps)}: {mind}" for mind, steps in by.items())


def _steps(steps: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{step} {taken['seconds']:.1f}" + (f" in {taken['count']}" if taken["count"] > 1 else "")
        for step, taken in steps.items()
    )


def _place(at: int, one: Mapping[str, Any]) -> str:
    said = ["kept"] if at == 1 else []
    said += [f"misses {' and '.join(one['missed'])}"] if one["missed"] else []
    return f"{at}. {one['score']:.3f}" + (f" ({', '.join(said)})" if said else "")


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
