"""Bars and form, and the tempo that makes them last as long as they shall."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.controls import BARS, TEMPO, Controls
from agent.genres import Genre
from agent.offline.causes import cause, request
from agent.offline.mappings import mapping, source
from agent.offline.reading import Reading
from agent.tempo import bar_quarters
from chiaroscore import ControlError
from prompts import Cause

#: Most bars a piece may have, the limit of `prompts.Plan`.
_MOST_BARS = 256
_PLAIN_FORMS = ("AABA", "ABAC", "AABB", "ABA", "AAB", "AB", "A")


@dataclass(frozen=True, slots=True)
class Length:
    """Bars and form, and the tempo that makes them last as long as they shall."""

    bars: int
    form: str
    tempo: float


def choose_length(
    seen: Reading, genre: Genre, meter: str, tempo: float, controls: Controls
) -> tuple[Length, dict[str, list[Cause]]]:
    """Return bars, form and the tempo adjusted to them, with the causes of ``bars``, ``form`` and ``tempo``.

    Raises
    ------
    ControlError
        If bars, duration, meter and tempo that were asked for exclude each other.
    """
    if controls.bars is not None and controls.duration is not None:
        return _bars_in_seconds(seen, genre, meter, tempo, controls)
    if controls.bars is not None:
        length = Length(controls.bars, _form_for(genre, controls.bars, seen), tempo)
        why = [request(str(controls.bars), f"fixes the length: {controls.bars} bars")]
        return length, {"bars": why, "form": [_form_cause(genre, length)]}
    if controls.duration is not None:
        return _for_seconds(seen, genre, meter, tempo, controls)
    return _by_form(seen, genre, meter, tempo)


def sections_of(form: str) -> int:
    """Return how many sections a form has: ``"ABA'"`` has 3."""
    return len(re.findall(r"[A-Z]", form))


def _by_form(seen: Reading, genre: Genre, meter: str, tempo: float) -> tuple[Length, dict[str, list[Cause]]]:
    """Length by the form of the genre that comes nearest to about a minute; near ones are drawn from."""
    record = mapping("length")
    target = record["seconds"] + record["arousal"] * seen.arousal
    seconds = bar_quarters(meter) * 60 / tempo
    fewest, most = record["bars"]
    shortest, longest = record["shortest"], record["longest"]
    choices = [
        (abs(bars * seconds - target) + (0 if shortest <= bars * seconds <= longest else 100), form, bars)
        for form in genre.forms
        for section in genre.section
        if fewest <= (bars := section * sections_of(form)) <= most
    ]
    best = min(choices)[0]
    near = [(form, bars) for misfit, form, bars in choices if misfit <= best + 8]
    form, bars = seen.chance("form").choice(near)
    length = Length(bars, form, tempo)
    why = cause(
        "emotion.arousal",
        seen.felt[1],
        f"asks for about {target:.0f} s: {bars} bars of {meter} at {tempo:.0f} qpm, {bars * seconds:.0f} s",
        source("length"),
    )
    return length, {"bars": [why], "form": [_form_cause(genre, length)]}


def _for_seconds(
    seen: Reading, genre: Genre, meter: str, tempo: float, controls: Controls
) -> tuple[Length, dict[str, list[Cause]]]:
    """Bars for a duration: the roundest number that keeps the tempo within its just noticeable difference."""
    asked = controls.duration or 0.0
    exact = asked * tempo / 60 / bar_quarters(meter)
    fixed = isinstance(controls.tempo, float)
    bars = max(BARS[0], min(_MOST_BARS, round(exact))) if fixed else _round_bars(exact, genre)
    fitted = tempo if fixed else round(bars * bar_quarters(meter) * 60 / asked, 3)
    lasts = bars * bar_quarters(meter) * 60 / fitted
    if not TEMPO[0] <= fitted <= TEMPO[1] or (fixed and abs(lasts - asked) > max(1.0, 0.1 * asked)):
        raise ControlError(
            f"duration {asked:g} s cannot be met in {meter} at {fitted:.0f} quarter notes a minute "
            f"({bars} bars last {lasts:.0f} s); ask for another duration, tempo or meter"
        )
    length = Length(bars, _form_for(genre, bars, seen), fitted)
    causes = {
        "bars": [request(f"{asked:g} s", f"gives {bars} bars of {meter}, which last {lasts:.1f} s")],
        "form": [_form_cause(genre, length)],
    }
    if fitted != tempo:
        moved = f"moves the tempo by {100 * (fitted / tempo - 1):+.1f} % to fit exactly"
        causes["tempo"] = [request(f"{asked:g} s", moved)]
    return length, causes


def _bars_in_seconds(
    seen: Reading, genre: Genre, meter: str, tempo: float, controls: Controls
) -> tuple[Length, dict[str, list[Cause]]]:
    """Bars and duration both asked for: they fix the tempo."""
    bars, asked = controls.bars or 0, controls.duration or 0.0
    needed = round(bars * bar_quarters(meter) * 60 / asked, 3)
    off = isinstance(controls.tempo, float) and abs(needed / controls.tempo - 1) > mapping("length")["jnd"]
    if off or not TEMPO[0] <= needed <= TEMPO[1]:
        raise ControlError(
            f"{bars} bars of {meter} in {asked:g} s need a tempo of {needed:.0f}; "
            "leave out bars, duration, meter or tempo"
        )
    length = Length(bars, _form_for(genre, bars, seen), needed)
    why = request(f"{bars} bars in {asked:g} s", f"fixes the tempo: {needed:.1f} qpm in {meter}")
    bars_why = request(str(bars), f"fixes the length: {bars} bars")
    return length, {"bars": [bars_why], "form": [_form_cause(genre, length)], "tempo": [why]}


def _round_bars(exact: float, genre: Genre) -> int:
    """Roundest bar count within the just noticeable difference: by the section, 8, 4, 2, else any."""
    jnd = mapping("length")["jnd"]
    for unit in (genre.section[0], 8, 4, 2):
        bars = unit * max(1, round(exact / unit))
        if bars <= _MOST_BARS and bars >= BARS[0] and abs(bars / exact - 1) < jnd:
            return bars
    return max(BARS[0], min(_MOST_BARS, round(exact)))


def _form_for(genre: Genre, bars: int, seen: Reading) -> str:
    """Form of the genre with equal sections of at least four bars, else a plain one, else A."""
    for forms, least in ((genre.forms, 4), (_PLAIN_FORMS, 4), (_PLAIN_FORMS, 2)):
        fitting = [f for f in forms if bars % sections_of(f) == 0 and bars // sections_of(f) >= least]
        even = [f for f in fitting if bars // sections_of(f) % 4 == 0] or fitting
        if even and forms is genre.forms:
            return seen.chance("form").choice(even)
        if even:
            return even[0]
    return "A"


def _form_cause(genre: Genre, length: Length) -> Cause:
    sections = sections_of(length.form)
    per = f"{length.bars // sections} bars each" if length.bars % sections == 0 else "of unequal length"
    usual = "usual in" if length.form in genre.forms else f"fits {length.bars} bars; not usual in"
    effect = f"{length.form}, {sections} sections {per}, {usual} the genre"
    return cause("plan.genre", genre.name, effect, genre.source)
