"""A piece explained: picture, plan and score as elements, what links them, and where in the picture each is.

Maps come from whoever looked. What the offline mind saw is followed back into its image network
(`agent.explaining.offline`); what a model said is read again (`agent.explaining.model`) or asked anew of a
server (`agent.explaining.probing`). Everything else - decisions, sections, bars - has the maps of what caused
it, combined along the links (`agent.explaining.flow`).
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import chiaroscore
from agent.distilled.naming import is_mapper
from agent.explaining.bars import bars_of
from agent.explaining.counterfactual import counterfactuals, why_none
from agent.explaining.expressed import Expressed, expressed, measures_text, score_links, ties_at
from agent.explaining.flow import Flow, tied
from agent.explaining.links import Tendency, exemplar_links, plan_items, plan_links, request_items
from agent.explaining.looking import METHODS, looked, who_reads
from agent.explaining.measured import Score
from agent.explaining.scenery import parts_of, scene_items
from agent.explaining.snippets import exemplar_items, snippets_of
from agent.manifest import version_of
from chiaroscore import MissingPartError, RenderError
from explain import Bar, Element, Explanation

if TYPE_CHECKING:
    from agent.piece import Piece
    from agent.vlm.protocol import Backend

__all__ = ["METHODS", "NO_PICTURE", "explain"]

NO_PICTURE = "the picture is not here; load the piece with its picture"
NO_MAP = "nothing that has a map led to it"
#: Summaries that are left out where nothing was decided by them.
_SUMMARIES = ("scene.emotion", "scene.dynamic", "scene.colour", "scene.objects", "scene.colour.swatches")
_LIBRARIES = ("numpy", "pillow", "torch", "transformers")


def explain(
    piece: Piece,
    *,
    reader: Backend | str | None = None,
    thorough: bool = False,
    method: str | None = None,
    sound: bool = True,
) -> Explanation:
    """Return why a piece sounds as it does.

    Parameters
    ----------
    piece
        Composed, or loaded with its picture; without the picture there are no maps.
    reader
        A model that reads the texts again: ``"transformers:<hub id or path>"`` or a local backend; or a
        server, which is asked anew with places of the picture hidden.
    thorough
        Longer checks of the maps, and with a reader a map for each note.
    method
        One of `METHODS`: how the reader is asked; by default attention, of a server occlusion.
    sound
        Whether the sound is put in; it is made if it is not there yet, which takes seconds.

    Raises
    ------
    ControlError
        If the method is unknown, or the reader cannot be asked in this way.
    """
    chosen = who_reads(reader, method)
    with ThreadPoolExecutor(1, "chiaroscore-sound") as other:
        playing = other.submit(_ogg, piece) if sound else None
        found = _explained(piece, looked(piece, chosen, thorough, method))
        heard, silent = playing.result() if playing else (b"", "")
    return replace(found, sound=heard, remarks=(*found.remarks, *([silent] if silent else ())))


def _explained(piece: Piece, given: Sequence[Element]) -> Explanation:
    """Return the explanation with what the minds looked at given, without sound."""
    asked = piece.controls.asked()
    bars = bars_of(piece.tune, piece.draft.form)
    held = expressed(Score(piece.tune), piece.plan, piece.draft.form, bars)
    tendencies = plan_links(piece.plan, piece.scene, asked)
    titles = {hit.exemplar.id: (hit.exemplar.title, hit.exemplar.licence) for hit in piece.exemplars}
    links = (
        *parts_of(piece.scene),
        *(one.link for one in tendencies),
        *score_links(held, piece.draft.form, bars),
        *exemplar_links(piece.draft.uses, titles),
    )
    items = _used(
        scene_items(piece.scene), {link.source for link in links if link.target.startswith("plan.")}
    )
    flow = _filled(piece, (*items, *plan_items(piece.plan)), tendencies, given)
    score = _score_items(piece, bars, held, flow, given)
    elements = (
        *flow.values(),
        *request_items(piece.plan, asked),
        *score,
        *exemplar_items(piece.exemplars, piece.draft.uses),
    )
    elements = (*elements, *_others(given, elements))
    elements = tuple(one if one.map else replace(one, absent=_why(one, piece)) for one in elements)
    known = {one.id for one in elements}
    return Explanation(
        title=piece.plan.title, picture=piece.picture, elements=elements, abc=piece.abc, bars=bars,
        links=tuple(link for link in links if link.source in known and link.target in known),
        steps=_steps(piece), snippets=snippets_of(piece.exemplars, piece.draft.uses),
        history=tuple((one.what, one.before, one.after, one.accepted, one.reason) for one in piece.history),
        obeyed=tuple((one.name, one.asked, one.measured, one.met) for one in piece.obeyed),
        counterfactuals=counterfactuals(piece), remarks=(*piece.remarks, *_of_a_mapper(piece)),
        details=_details(piece, elements),
    )  # fmt: skip


def _used(items: Iterable[Element], sources: set[str]) -> tuple[Element, ...]:
    """Return the elements of a scene that say something: summaries only where something comes from them."""
    return tuple(one for one in items if one.id in sources or (one.value and one.id not in _SUMMARIES))


def _filled(
    piece: Piece, items: Sequence[Element], tendencies: Sequence[Tendency], given: Sequence[Element]
) -> dict[str, Element]:
    """Return scene and plan with their maps: first those that were looked at, then along the links."""
    seen = {one.id: one for one in given}
    known = [_seen(one, seen.get(one.id)) for one in items]
    parts = [Tendency(link) for link in parts_of(piece.scene)]
    flow = Flow(known, [*parts, *tendencies])
    return {one.id: flow.fill(one.id) for one in known}


def _seen(own: Element, given: Element | None) -> Element:
    """Return an element with the map that was made of it; its label and causes stay."""
    if given is None:
        return own
    return replace(
        own, map=given.map, method=given.method, absent=given.absent, check=given.check,
        text=own.text if own.kind == "plan" and own.text else given.text or own.text,
    )  # fmt: skip


def _score_items(
    piece: Piece, bars: Sequence[Bar], held: Expressed, flow: Mapping[str, Element], given: Sequence[Element]
) -> tuple[Element, ...]:
    """Return sections and bars with their maps; a bar that is like its section has its very map."""
    seen = {one.id: one for one in given}
    found: dict[str, Element] = {}
    for at, ties in enumerate(held.sections):
        own = _section(piece, at, measures_text(ties), [bar.number for bar in bars if bar.section == at])
        one = _seen(own, seen.get(own.id))
        found[own.id] = one if one.map is not None else tied(one, ties, flow)
    for bar in bars:
        own = _bar(piece, bar, held)
        one, section = _seen(own, seen.get(own.id)), found[f"section.{bar.section}"]
        if one.map is None and bar.number in held.bars:
            one = tied(one, ties_at(held, bar), flow)
        elif one.map is None:
            said = f"as section {section.label}: {section.method}" if section.map is not None else ""
            one = replace(one, map=section.map, method=said, absent=one.absent or section.absent)
        found[own.id] = replace(one, absent="") if one.map is not None else one
    return tuple(found.values())


def _section(piece: Piece, at: int, measured: str, numbers: Sequence[int]) -> Element:
    """Return a section, without its map."""
    section = piece.draft.form[at] if at < len(piece.draft.form) else None
    label = section.letter + "'" * section.turn if section is not None else "the whole piece"
    where = f"bars {numbers[0]} to {numbers[-1]}" if numbers else "no bars"
    motive = piece.draft.motives.get(section.letter, "") if section is not None else ""
    return Element(f"section.{at}", "section", label, where, ". ".join(filter(None, (motive, measured))))


def _bar(piece: Piece, bar: Bar, held: Expressed) -> Element:
    """Return a bar, without its map: its chords, whose figure it holds, and what sets it apart."""
    chords = [mark.text for voice in piece.tune.voices[:1] for mark in voice.chords if mark.bar == bar.number]
    figures = [
        f"{use.device} of bar {use.source_bar} of {use.source}" if use.source else use.device
        for use in piece.draft.uses
        if use.bar + 1 == bar.number
    ]
    apart = [tie.text for tie in held.bars.get(bar.number, ())]
    return Element(
        f"bar.{bar.number}", "bar", f"bar {bar.number}", " ".join(chords), "; ".join([*figures, *apart])
    )


def _others(given: Iterable[Element], known: Iterable[Element]) -> list[Element]:
    """Return what was looked at and is no element yet: words and notes."""
    ids = {one.id for one in known}
    return [one for one in given if one.id not in ids]


def _why(one: Element, piece: Piece) -> str:
    """Return why an element has no map."""
    if piece.picture is None and one.kind not in ("request", "exemplar"):
        return NO_PICTURE
    return one.absent or NO_MAP


def _steps(piece: Piece) -> tuple[tuple[str, str], ...]:
    """Return the three steps of thought in words."""
    form = [f"Section {letter}: {motive}" for letter, motive in piece.draft.motives.items()]
    return (
        ("What is in the picture", _lines(piece.scene.description, piece.scene.reasoning)),
        ("What the music shall be", _lines(piece.plan.reasoning)),
        ("How it is written", _lines(piece.plan.description, *form)),
    )


def _of_a_mapper(piece: Piece) -> tuple[str, ...]:
    """Return what has to be known of a plan that a mapper made."""
    mind = piece.minds.get("plan", "offline")
    if not is_mapper(mind):
        return ()
    return (
        f"{mind} planned by nearness: it goes from the whole picture to a place among its teacher's plans, "
        "and no part of the picture stands behind one decision; links from parts of the picture are those "
        "of the published mappings, where these decide the same",
    )


def _lines(*texts: str) -> str:
    return "\n".join(text for text in texts if text)


def _details(piece: Piece, elements: Iterable[Element]) -> dict[str, Any]:
    """Return who did what and how the maps were made; nothing that differs from run to run."""
    none = why_none(piece)
    return {
        "minds": {"perceive": "offline", "plan": "offline", **piece.minds, "write": piece.writer},
        "seed": piece.seed,
        "maps": sum(one.map is not None for one in elements),
        "counterfactuals": none or "the offline planner was asked again, one change of the scene at a time",
        "versions": {
            "chiaroscore": chiaroscore.__version__,
            "python": platform.python_version(),
            **{name: version_of(name) for name in _LIBRARIES},
        },
    }


def _ogg(piece: Piece) -> tuple[bytes, str]:
    """Return the sound, or why there is none."""
    try:
        return piece.sound.ogg, ""
    except (MissingPartError, RenderError) as error:
        return b"", f"there is no sound in this explanation: {error}"
