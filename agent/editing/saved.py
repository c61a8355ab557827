"""Pieces that were saved, taken up again from their folder: manifest and ABC are enough."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from agent.controls import Controls
from agent.critic import Revision, judge
from agent.draft import Draft, Repair
from agent.editing.lineage import from_record
from agent.offline.writer.form import Phrase, Section
from agent.offline.writer.melody import Use
from agent.picture import Picture, open_picture, picture_hash
from chiaroscore import ControlError, InputError, NotationError, StoreError
from prompts import Plan, Scene
from rag_store import Hit, Likeness, Match
from rag_store.searching.query import TRACKS

if TYPE_CHECKING:
    from agent.piece import Piece
    from notation import Tune
    from rag_store import Store

MANIFEST = "manifest.json"
_MAX_BYTES = 8 * 2**20


def load_piece(
    folder: str | os.PathLike[str], *, picture: Picture | None = None, store: Store | None = None
) -> Piece:
    """Return the piece that was saved into a folder.

    Parameters
    ----------
    folder
        Where `agent.Piece.save` wrote ``manifest.json`` and the ABC.
    picture
        The picture it was made for; without it the piece can be edited and rendered all the same, its page
        shows no picture.
    store
        Where its exemplars are; by default the built-in store.

    Raises
    ------
    InputError
        If the folder holds no saved piece, or the picture is another.
    NotationError
        If the ABC, which may have been edited by hand, has errors.
    """
    place = pathlib.Path(folder)
    record = _record(place)
    try:
        return _piece(place, record, picture, store)
    except (ValidationError, KeyError, TypeError, ValueError, AttributeError, ControlError) as error:
        said = " ".join(str(error).split())[:160]
        raise InputError(
            f"{place / MANIFEST} is not a manifest of this version ({type(error).__name__}: {said})"
        ) from None


def _record(place: pathlib.Path) -> dict[str, Any]:
    path = place / MANIFEST
    try:
        text = _text(path)
    except OSError as error:
        raise InputError(
            f"{str(place)[:120]!r} holds no saved piece ({path.name}: {error.strerror or error}); give the "
            "folder that 'chiaroscore compose' wrote"
        ) from None
    try:
        found = json.loads(text)
    except ValueError:
        raise InputError(f"{path} is not JSON; compose the piece again") from None
    if not isinstance(found, dict) or "abc_sha256" not in found:
        raise InputError(
            f"{path} is not the manifest of a piece; give the folder that 'chiaroscore compose' wrote"
        )
    return found


def _text(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise InputError(f"{path} is larger than {_MAX_BYTES // 2**20} MB, which no piece is")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None


def _piece(
    place: pathlib.Path, record: Mapping[str, Any], picture: Picture | None, store: Store | None
) -> Piece:
    from agent.piece import Piece

    name = str(record["picture"]["name"])
    abc, edited = _abc(place, name, record)
    plan = Plan.model_validate(record["plan"])
    copied = None if record.get("theme") else _copied(store)
    verdict = judge(abc, plan, copied)
    if not verdict.valid:
        raise NotationError(
            f"the score in {place} has an error: {verdict.problems[0]}; see 'chiaroscore check'"
        )
    request = {key: value for key, value in record["request"].items() if key != "seed"}
    seed = int(record["request"]["seed"])
    piece = Piece(
        abc=abc, scene=Scene.model_validate(record["scene"]), plan=plan, exemplars=_hits(record, store),
        draft=_draft(abc, record), verdict=verdict,
        history=tuple(Revision(**row) for row in record["history"]),
        controls=Controls.parse(**request, seed=seed), seed=seed,
        picture=_picture(picture, record), name=name, lineage=from_record(record.get("parents", [])),
        remarks=tuple(str(remark) for remark in record.get("remarks", [])), pictured=dict(record["picture"]),
        theme=record.get("theme"), originality=_match(record.get("originality")),
        likeness=_likeness(record.get("likeness")),
        minds={step: str(mind) for step, mind in record.get("mind", {}).items() if step != "write"},
        mapped=record.get("mapper"), tracks=tuple(str(one) for one in record.get("tracks", TRACKS)),
        recorded_calls=tuple(dict(call) for call in record.get("calls", ())),
    )  # fmt: skip
    return replace(piece, remarks=(*piece.remarks, "the score was edited by hand")) if edited else piece


def _copied(store: Store | None) -> Callable[[Tune], int]:
    """Return what counts the consecutive notes that a tune shares with a store's exemplars."""
    from agent.agent import Agent, default_agent

    return (default_agent() if store is None else Agent(store=store)).copied


def _abc(place: pathlib.Path, name: str, record: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the score and whether it is another than the one that was saved."""
    import hashlib

    path = place / f"{pathlib.PurePath(name).name}.abc"
    try:
        text = _text(path)
    except OSError:
        raise InputError(
            f"{place} has no {path.name}; save the piece with the format abc to be able to go on with it"
        ) from None
    return text, hashlib.sha256(text.encode()).hexdigest() != record["abc_sha256"]


def _draft(abc: str, record: Mapping[str, Any]) -> Draft:
    writing = record["writing"]
    uses = tuple(Use(**row) for row in record["figures"])
    form, redo = _form(writing["form"]), dict(writing["redo"])
    return Draft(
        abc, form, uses, tuple(record["harmony"]), int(writing["seed"]), redo,
        writer=str(record.get("mind", {}).get("write", "offline")),
        repairs=tuple(Repair(**row) for row in record.get("repairs", ())),
        motives={str(letter): str(why) for letter, why in writing.get("motives", {}).items()},
    )  # fmt: skip


def _form(rows: list[dict[str, Any]]) -> tuple[Section, ...]:
    """Return the sections of the record."""
    return tuple(
        Section(**{**row, "phrases": tuple(Phrase(**phrase) for phrase in row["phrases"])}) for row in rows
    )


def _hits(record: Mapping[str, Any], store: Store | None) -> tuple[Hit, ...]:
    """Return the exemplars that the store still has."""
    if store is None:
        from agent.agent import default_agent

        store = default_agent().store
    found = []
    for row in record["exemplars"]:
        try:
            found.append(Hit(store.get(str(row["id"])), float(row["score"]), list(row["why"])))
        except (StoreError, ControlError, KeyError):
            continue
    return tuple(found)


def _match(row: Mapping[str, Any] | None) -> Match | None:
    return Match(**row) if row else None


def _likeness(row: Mapping[str, Any] | None) -> Likeness | None:
    if not row:
        return None
    return Likeness(**{**row, "bars": tuple(row["bars"]), "exemplar_bars": tuple(row["exemplar_bars"])})


def _picture(picture: Picture | None, record: Mapping[str, Any]) -> Any:
    if picture is None:
        return None
    opened = open_picture(picture)
    if picture_hash(opened) != record["picture"].get("sha256"):
        raise InputError(
            "the picture is not the one that the piece was made for; leave it out, or give the right one"
        )
    return opened
