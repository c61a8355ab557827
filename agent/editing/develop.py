"""Going on from a theme: where it stands in the form, its chords, and what the plan takes over from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.controls import Controls
from agent.editing.harmonise import harmonise_melody
from agent.editing.longer import returned
from agent.editing.remeter import fitted
from agent.editing.score import Line, Score
from agent.editing.sketch import Sketch, family
from agent.editing.theme import Theme
from agent.editing.tuning import in_key, in_range, mean_pitch, raised
from agent.forms import parse_form
from agent.keys import parse_key
from agent.offline.causes import request
from agent.offline.writer.form import Section, sections, usual_bars
from agent.offline.writer.given import Given
from agent.offline.writer.meter import meter
from agent.offline.writer.theory import tonic
from agent.offline.writer.write import staff_names
from chiaroscore import ControlError
from prompts import Plan

_PHRASE = 4


def with_theme(controls: Controls, theme: Theme) -> Controls:
    """Return the requests with the theme's key, meter and tempo where nothing else was asked for."""
    taken: dict[str, Any] = {}
    if controls.key is None:
        taken["key"] = theme.key
    if controls.meter is None:
        taken["meter"] = theme.meter
    if (
        controls.tempo is None
        and theme.tempo is not None
        and (controls.bars is None or controls.duration is None)
    ):
        taken["tempo"] = theme.tempo
    return replace(controls, **taken)


def developed(theme: Theme, plan: Plan, controls: Controls) -> tuple[Plan, Given, tuple[str, ...]]:
    """Return the plan around a theme and what the writer takes over.

    The theme is the first section and comes back wherever the form brings its letter back; everything else
    develops its figures.

    Parameters
    ----------
    theme
        As `agent.editing.theme.read_theme` gives it.
    plan
        Made for the picture, with `with_theme`.
    controls
        What the user asked for.

    Returns
    -------
    plan, given, remarks

    Raises
    ------
    ControlError
        If the length or the form that was asked for leaves no room for the theme and a continuation.
    """
    remarks = list(theme.remarks)
    plan, bars, more = _laid_out(theme, plan, controls)
    remarks += more
    score = _placed(theme, plan, bars)
    if theme.meter != plan.meter:
        remarks.append(f"the theme's rhythm was fitted from {theme.meter} to {plan.meter} bar by bar")
    if theme.key != parse_key(plan.key):
        remarks.append(f"the theme was moved from {theme.key.name} to {plan.key}")
    form = sections(plan.form, plan.bars)
    home = _home(form)
    count = min(bars, home.bars)
    fresh = frozenset(range(1, len(score.lines)))
    sketch = Sketch(score, {}, fresh, form=form, source=theme.name)
    sketch = returned(sketch, 0, count, home, form)
    remarks.append(f"bars {home.start + 1} to {home.start + count} are the theme {theme.name!r}")
    return _explained(plan, theme, controls), sketch.given(), tuple(remarks)


def _laid_out(theme: Theme, plan: Plan, controls: Controls) -> tuple[Plan, int, list[str]]:
    """Return the plan with a form and length that hold the theme, and how many bars of it are taken."""
    unit = _PHRASE * -(-theme.bars // _PHRASE)
    asked = controls.form
    if controls.bars is None and controls.duration is None:
        form = asked.name if asked is not None else "AABA" if unit == _PHRASE else "ABA'"
        bars = min(128, usual_bars(form, unit))
        return plan.model_copy(update={"form": form, "bars": bars}), theme.bars, []
    total = plan.bars
    form = asked.name if asked is not None else "ABA'" if total >= 3 * unit else "AB"
    room = _home(sections(form, total)).bars
    if room >= total:
        raise ControlError(
            f"form {form} has one section, which leaves nothing to go on with; ask for AB or ABA'"
        )
    taken = min(theme.bars, room)
    note = [f"the piece has room for {taken} bars of the theme's {theme.bars}"] if taken < theme.bars else []
    return plan.model_copy(update={"form": form}), taken, note


def _home(form: tuple[Section, ...]) -> Section:
    """Return the section in which the theme is heard first."""
    return next((one for one in form if one.letter not in ("intro", "coda")), form[0])


def _placed(theme: Theme, plan: Plan, bars: int) -> Score:
    """Return the theme as the plan's melody, harmonised, in the plan's key and the player's range."""
    old, new = meter(theme.meter), meter(plan.meter)
    events = [event for event in theme.events if event.start < bars * old.length]
    if theme.meter != plan.meter:
        events = fitted(events, old, new, bars)
    end = bars * new.length
    events = [replace(event, length=min(event.end, end) - event.start) for event in events]
    parts = [part for _, part in staff_names(plan.instruments)]
    lines = tuple(Line(part, tuple(events) if place == 0 else (), {}) for place, part in enumerate(parts))
    home = tonic(theme.key.tonic)
    spans = harmonise_melody(events, new, bars, home, theme.key.mode, family(plan))
    score = Score(plan.model_copy(update={"key": theme.key.name}), lines, tuple(spans))
    moved = in_key(score, parse_key(plan.key))
    octaves = round((plan.tessitura.center - mean_pitch(moved.melody.events)) / 12)
    lead = in_range(replace(moved.melody, events=raised(moved.melody.events, octaves)))
    return replace(moved, plan=plan, lines=(lead, *moved.lines[1:]))


def _explained(plan: Plan, theme: Theme, controls: Controls) -> Plan:
    """Return the plan with the theme as the cause of what comes from it."""
    causes = {**plan.causes}
    taken = {
        "key": (controls.key, plan.key),
        "meter": (controls.meter, plan.meter),
        "tempo": (controls.tempo, f"{plan.tempo:g} qpm"),
    }
    for element, (asked, value) in taken.items():
        if asked is None and not (element == "tempo" and theme.tempo is None):
            causes[element] = [request(theme.name, f"the theme's {element} is kept: {value}")]
    named = parse_form(plan.form).name
    if controls.form is None:
        causes["form"] = [
            request(theme.name, f"{named}: the theme of {theme.bars} bars is its first section")
        ]
    if controls.bars is None and controls.duration is None:
        causes["bars"] = [
            request(theme.name, f"{plan.bars} bars give the theme and what follows from it room")
        ]
    causes["melody"] = [request(theme.name, "is the first section's melody; its figures are developed")]
    return plan.model_copy(update={"causes": causes})
