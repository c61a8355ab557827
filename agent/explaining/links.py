"""What led to what, from the picture to the bars: links between the elements of an explanation.

The causes that a plan states become links from what was seen, asked for or decided before; the score's own
measures tie its sections and bars to the plan (`agent.explaining.expressed`); exemplars are linked to the
bars that hold a figure of theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.explaining.paths import sources_of
from agent.explaining.scenery import scene_items
from agent.explaining.stated import stated, weights
from explain import Element, Link
from prompts import Cause, Colour, Plan, Scene

if TYPE_CHECKING:
    from agent.offline.writer.melody import Use

#: Elements of a plan, in the order in which they are shown; others that have causes come behind.
ELEMENTS = (
    "emotion", "genre", "meter", "tempo", "bars", "form", "key", "instruments", "rhythm", "dynamics",
    "tessitura", "tension",
)  # fmt: skip
_NO_COLOUR = Colour()


@dataclass(frozen=True, slots=True)
class Tendency:
    """A link, and which side of its source it shows; see `agent.explaining.stated.Stated`."""

    link: Link
    way: int = 0


def plan_items(plan: Plan) -> tuple[Element, ...]:
    """Return the elements of a plan, without maps: what was decided, and the causes in words."""
    values = _values(plan)
    names = [*ELEMENTS, *(name for name in plan.causes if name not in ELEMENTS)]
    return tuple(
        Element(f"plan.{name}", "plan", name, values.get(name, ""), because(plan.causes.get(name, ())))
        for name in names
    )


def because(causes: Sequence[Cause]) -> str:
    """Return causes in words, one a line, those that lead to no element of the picture too."""
    return "\n".join(f"{_said(one.scene)} {one.value}: {one.effect}".strip() for one in causes)


def request_items(plan: Plan, asked: Mapping[str, Any]) -> tuple[Element, ...]:
    """Return the requests as elements, with those that a plan names and no control holds as ``words``."""
    absent = "it was asked for; nothing in the picture decides it"
    found = [
        Element(f"request.{name}", "request", name, _text(value), absent=absent)
        for name, value in asked.items()
        if name != "seed"
    ]
    others = [
        cause.value
        for element, causes in plan.causes.items()
        for cause in causes
        if "request.words" in sources_of(cause, element, set(), _NO_COLOUR, asked)
    ]
    if others:
        said = ", ".join(dict.fromkeys(others))
        found.append(Element("request.words", "request", "what was asked in words", said, absent=absent))
    return tuple(found)


def plan_links(plan: Plan, scene: Scene, asked: Mapping[str, Any]) -> tuple[Tendency, ...]:
    """Return the links to a plan's elements from what caused them.

    A cause that speaks of several things becomes a link from each, its weight shared among them. Weights
    are against the average of the causes of one element; see `agent.explaining.stated`.
    """
    known = {one.id for one in (*scene_items(scene), *plan_items(plan))}
    found: list[Tendency] = []
    for element, causes in plan.causes.items():
        told = [stated(one, element) for one in causes]
        for cause, one, weight in zip(causes, told, weights(told), strict=True):
            named = sources_of(cause, element, known, scene.colour, asked)
            text = f"{cause.value}: {cause.effect}" if _plainly(cause) else cause.effect
            found += [
                Tendency(Link(source, f"plan.{element}", text, weight / len(named), cause.source), one.way)
                for source in named
            ]
    return (*found, *_felt(plan, scene))


def exemplar_links(uses: Iterable[Use], titles: Mapping[str, tuple[str, str]]) -> tuple[Link, ...]:
    """Return the links from exemplars to the bars that hold a figure of theirs.

    Parameters
    ----------
    uses
        Of a draft.
    titles
        Title and licence of each exemplar by its id; one that is not known any more is named by its id.
    """
    links = []
    for use in uses:
        if use.source:
            title, licence = titles.get(use.source, (use.source, "unstated"))
            text = f"{use.device} of bar {use.source_bar} of {title} (licence: {licence})"
            links.append(Link(f"exemplar.{use.source}", f"bar.{use.bar + 1}", text))
    return tuple(links)


def _felt(plan: Plan, scene: Scene) -> list[Tendency]:
    """Return links to the plan's feeling where it is that of the picture, number for number."""
    if plan.causes.get("emotion"):
        return []
    found = []
    for name in ("valence", "arousal"):
        value = getattr(scene.emotion, name)
        if value == getattr(plan.emotion, name):
            link = Link(f"scene.emotion.{name}", "plan.emotion", f"{name} {value:+.2f} is taken over")
            found.append(Tendency(link))
    return found


def _values(plan: Plan) -> dict[str, str]:
    """Return what was decided, by element, for people."""
    rhythm, place = plan.rhythm, plan.tessitura
    tempo = f"{plan.tempo:g} quarter notes a minute"
    return {
        "emotion": f"{', '.join(plan.emotion.words)} (valence {plan.emotion.valence:+.2f}, "
        f"arousal {plan.emotion.arousal:+.2f})",
        "genre": plan.genre,
        "meter": plan.meter,
        "tempo": f"{tempo} ({plan.tempo_text})" if plan.tempo_text else tempo,
        "bars": f"{plan.bars} bars",
        "form": plan.form,
        "key": plan.key,
        "instruments": ", ".join(f"{part.instrument} ({part.role})" for part in plan.instruments),
        "rhythm": f"{', '.join(rhythm.words)}; {rhythm.density:g} notes a second, {rhythm.articulation}",
        "dynamics": plan.dynamics,
        "tessitura": f"melody around MIDI {place.center}, voices over {place.spread} semitones",
        "tension": f"{plan.tension:+.2f}",
    }


def _said(path: str) -> str:
    """Return a path for people: ``objects[0]`` and ``plan.`` stay as they are known from the plan."""
    return "asked for:" if path == "request" else path


def _plainly(cause: Cause) -> bool:
    """Whether the value of a cause belongs into the text of its link: names and readings, not sentences."""
    return len(cause.value) <= 60


def _text(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
