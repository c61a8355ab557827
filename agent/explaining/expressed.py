"""How far sections and bars express what the plan says: measured on the score, against the whole piece.

A section is tied to pace, loudness, height, key and players by how it differs from the piece; to tempo,
meter, form and genre as much as any other. A bar has the ties of its section; only where a measure departs
from its section's by what is heard as a change has it a tie of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agent.explaining.measured import Score, Stretch
from agent.offline.writer.form import Section
from explain import Bar, Link
from prompts import Plan

#: A bar is busier or louder than its section from these ratios on (or their inverses); melody in semitones.
BUSIER, LOUDER, HIGHER = 1.5, 1.12, 5.0
_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True, slots=True)
class Tie:
    """That a stretch of the score expresses an element of the plan: how strongly, and by what measure."""

    element: str  # "plan.rhythm"
    weight: float
    text: str


@dataclass(frozen=True, slots=True)
class Expressed:
    """Ties of every section, by place, and of every bar that departs from its section, by number."""

    sections: tuple[tuple[Tie, ...], ...]
    bars: Mapping[int, tuple[Tie, ...]]


def expressed(score: Score, plan: Plan, form: Sequence[Section], bars: Sequence[Bar]) -> Expressed:
    """Return what each section and bar of a score expresses of its plan."""
    whole = score.stretch([bar.number for bar in bars])
    numbers: dict[int, list[int]] = {}
    for bar in bars:
        numbers.setdefault(bar.section, []).append(bar.number)
    count = max(len(form), 1)
    stretches = [score.stretch(numbers.get(at, [])) for at in range(count)]
    ties = tuple(
        (*_common(plan, form[at] if form else None), *_ties(one, whole, plan))
        for at, one in enumerate(stretches)
    )
    own = {bar.number: _departs(score, bar, stretches[bar.section], whole, plan) for bar in bars}
    return Expressed(ties, {number: found for number, found in own.items() if found})


def ties_at(found: Expressed, bar: Bar) -> tuple[Tie, ...]:
    """Return the ties of a bar: its section's, with its own in place of theirs."""
    own = {tie.element: tie for tie in found.bars.get(bar.number, ())}
    return tuple(own.get(tie.element, tie) for tie in found.sections[bar.section])


def score_links(found: Expressed, form: Sequence[Section], bars: Sequence[Bar]) -> tuple[Link, ...]:
    """Return the links from plan to sections, from sections to their bars, and from plan to bars."""
    links = [
        Link(tie.element, f"section.{at}", tie.text, tie.weight)
        for at, ties in enumerate(found.sections)
        for tie in ties
    ]
    for bar in bars:
        links.append(Link(f"section.{bar.section}", f"bar.{bar.number}", _place(bar, form)))
        for tie in found.bars.get(bar.number, ()):
            links.append(Link(tie.element, f"bar.{bar.number}", tie.text, tie.weight))
    return tuple(links)


def measures_text(ties: Sequence[Tie]) -> str:
    """Return what was measured of a section, in words."""
    telling = ("plan.rhythm", "plan.dynamics", "plan.tessitura", "plan.key", "plan.instruments")
    return "; ".join(tie.text for tie in ties if tie.element in telling)


def pitch_name(pitch: float) -> str:
    """Return the name of the nearest pitch, ``"F#4"`` for 66."""
    near = round(pitch)
    return f"{_NAMES[near % 12]}{near // 12 - 1}"


def _common(plan: Plan, section: Section | None) -> list[Tie]:
    """Return the ties that every section has alike."""
    text = "the only section"
    if section is not None:
        text = f"section {section.letter}" if section.kind == "theme" else f"the {section.letter}"
        text += ", which returns varied" if section.varied else ""
    return [
        Tie("plan.form", 1.0, text),
        Tie("plan.genre", 1.0, f"in the manner of {plan.genre}"),
        Tie("plan.tempo", 1.0, f"at {plan.tempo:g} quarter notes a minute"),
        Tie("plan.meter", 1.0, f"in {plan.meter}"),
    ]


def _ties(part: Stretch, whole: Stretch, plan: Plan) -> list[Tie]:
    """Return the measured ties of a stretch; none for what it has no notes to measure by."""
    ties = []
    if part.density and whole.density:
        ratio = part.density / whole.density
        ties.append(
            Tie(
                "plan.rhythm", ratio, f"{part.density:.1f} notes a second, {_against(ratio, 'more', 'fewer')}"
            )
        )
    if part.velocity and whole.velocity:
        ratio = part.velocity / whole.velocity
        text = f"mean velocity {part.velocity:.0f}, {_against(ratio, 'more', 'less')}"
        ties.append(Tie("plan.dynamics", ratio, text))
    if part.height is not None and whole.height is not None:
        ties.append(_height(part.height, whole.height, "the piece"))
    if part.scale is not None and whole.scale:
        text = f"{part.scale:.0%} of its tones belong to {plan.key}"
        ties.append(Tie("plan.key", part.scale / whole.scale, text))
    if part.playing and whole.playing:
        share = len(part.playing) / len(whole.playing)
        ties.append(
            Tie("plan.instruments", share, f"{len(part.playing)} of {len(whole.playing)} voices play")
        )
    return ties


def _departs(score: Score, bar: Bar, section: Stretch, whole: Stretch, plan: Plan) -> tuple[Tie, ...]:
    """Return the ties of a bar in which it departs from its section."""
    own = score.stretch([bar.number])
    measured = {tie.element: tie for tie in _ties(own, whole, plan)}
    kept = []
    if "plan.rhythm" in measured and _apart(own.density, section.density, BUSIER):
        kept.append(measured["plan.rhythm"])
    if own.velocity and section.velocity and _apart(own.velocity, section.velocity, LOUDER):
        kept.append(measured["plan.dynamics"])
    climax = own.top is not None and own.top == whole.top
    far = own.height is not None and section.height is not None and abs(own.height - section.height) >= HIGHER
    if climax or far:
        tie = measured["plan.tessitura"]
        said = f"holds the highest tone of the melody, {pitch_name(own.top or 0)}" if climax else tie.text
        kept.append(replace(tie, text=said))
    return tuple(kept)


def _apart(one: float, other: float, ratio: float) -> bool:
    return not other or not 1 / ratio < one / other < ratio


def _height(part: float, whole: float, what: str) -> Tie:
    """Return the tie to the tessitura; an octave higher counts twice, as its frequency does."""
    gap = part - whole
    place = f"the melody lies around {pitch_name(part)}"
    apart = f", {abs(gap):.1f} semitones {'above' if gap > 0 else 'below'} that of {what}"
    return Tie("plan.tessitura", float(2 ** (gap / 12)), place + (apart if abs(gap) >= 0.5 else ""))


def _against(ratio: float, more: str, less: str) -> str:
    percent = round(100 * abs(ratio - 1))
    if not percent:
        return "as the whole piece"
    return f"{percent} % {more if ratio > 1 else less} than the whole piece"


def _place(bar: Bar, form: Sequence[Section]) -> str:
    """Return where a bar stands in its section."""
    if not form:
        return ""
    section = form[bar.section]
    return f"bar {bar.number - section.start} of {section.bars} of {section.letter}"
