"""An explanation as data: elements of picture, plan and score, what links them, and where in the picture.

Conventions
-----------
Every element has an id, a path: ``"scene.emotion.valence"``, ``"scene.objects.0"``, ``"plan.tempo"``,
``"section.0"`` (sections in order), ``"bar.7"`` (bars counted from 1), ``"note.M.12"`` (notes of a voice in
order, from 1), ``"exemplar.<id>"``, ``"request.tempo"``. Links run from cause to effect. Maps are of the
picture as it was opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from explain.heat import HeatMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["scene", "plan", "section", "bar", "note", "exemplar", "request"]

#: Said beside every map.
NOT_PROOF = (
    "A map shows what went into a decision by one method of asking; it is no proof that the decision would "
    "have been another without it. The check beside it says how far hiding these places changes the outcome."
)


@dataclass(frozen=True)
class Check:
    """How far a map can be trusted: what happens when the places it points at are hidden, or all there is.

    The areas lie under curves of the outcome (1: as for the whole picture, 0: as for the blurred one) while
    the picture is hidden, or uncovered, most important places first (deletion and insertion: Petsiuk, Das &
    Saenko 2018, BMVC, arXiv 1806.07421).
    """

    deletion: float  # smaller is better
    insertion: float  # greater is better
    random_deletion: float  # the same for places in random order: what a map that says nothing would get
    random_insertion: float
    deletion_curve: tuple[float, ...] = ()
    insertion_curve: tuple[float, ...] = ()
    #: Rank correlation with the map of the same network with random weights (Adebayo et al. 2018, NeurIPS,
    #: arXiv 1810.03292): near 0 for a map that depends on what was learnt. None where it was not made.
    sanity: float | None = None
    text: str = ""  # the same in a sentence


@dataclass(frozen=True)
class Element:
    """Something that is explained, or explains."""

    id: str
    kind: Kind
    label: str  # "valence", "tempo", "bar 7"
    value: str = ""  # "+0.42", "72 quarter notes a minute"
    text: str = ""  # why, in words
    map: HeatMap | None = None
    method: str = ""  # how the map was made
    absent: str = ""  # why there is no map
    check: Check | None = None


@dataclass(frozen=True)
class Link:
    """What shaped what."""

    source: str
    target: str
    text: str = ""  # "raises the tempo by 18 qpm"
    weight: float = 1.0
    citation: str = ""


@dataclass(frozen=True)
class Counterfactual:
    """What would be otherwise if the picture were otherwise: both measured, not guessed."""

    change: str  # "0.3 brighter"
    element: str  # id
    before: str
    after: str


@dataclass(frozen=True)
class Snippet:
    """An exemplar that lent something, with its terms."""

    id: str
    title: str
    source: str
    licence: str
    why: tuple[str, ...]
    abc: str = ""
    bars: tuple[int, ...] = ()  # bars of the piece that hold a figure of it


@dataclass(frozen=True)
class Bar:
    """A bar of the score: where it stands in the text, and when it sounds."""

    number: int  # from 1
    section: int
    spans: tuple[tuple[int, int], ...]  # characters of the ABC, one pair a voice
    times: tuple[tuple[float, float], ...]  # seconds, one pair each time it is played


@dataclass(frozen=True)
class Explanation:
    """Why a piece sounds as it does; `explain.report` draws it."""

    title: str
    picture: Image.Image | None
    elements: tuple[Element, ...]
    links: tuple[Link, ...]
    abc: str
    bars: tuple[Bar, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()  # heading and text of each step of thought
    snippets: tuple[Snippet, ...] = ()
    history: tuple[tuple[str, float | None, float, bool, str], ...] = ()  # what, before, after, accepted, why
    obeyed: tuple[tuple[str, str, str, bool], ...] = ()  # request, asked, measured, met
    counterfactuals: tuple[Counterfactual, ...] = ()
    remarks: tuple[str, ...] = ()
    sound: bytes = b""  # Ogg Vorbis
    details: Mapping[str, Any] = field(default_factory=dict)  # minds, model ids, methods, seconds

    def element(self, identity: str) -> Element:
        """Return an element.

        Raises
        ------
        KeyError
            If there is none; the message names some that there are.
        """
        for one in self.elements:
            if one.id == identity:
                return one
        some = ", ".join(one.id for one in self.elements[:8])
        raise KeyError(f"there is no element {identity!r}; there are {some} ...")

    def causes_of(self, identity: str) -> tuple[Link, ...]:
        """Return the links that lead to an element."""
        return tuple(link for link in self.links if link.target == identity)

    def to_html(self) -> str:
        """Return the report: one page with nothing outside itself; see `explain.report.page`."""
        from explain.report import page

        return page(self)

    def figure(self, ids: Sequence[str] | None = None) -> tuple[Figure, Any]:
        """Return a matplotlib figure and its axes; see `explain.figure.figure`.

        Raises
        ------
        KeyError
            If there is no such element.
        MissingPartError
            If matplotlib is not installed.
        """
        from explain.figure import figure

        return figure(self, ids)

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> dict[str, str]:
        """Text for a terminal, a still picture, and for Jupyter the report above the same without scripts."""
        from explain.notebook import bundle

        return bundle(self)

    def __str__(self) -> str:
        """Return one line that says how much is explained."""
        maps = sum(one.map is not None for one in self.elements)
        return f"{self.title}: {len(self.elements)} elements, {maps} with a map, {len(self.links)} links"
