"""Bars and form, and the tempo that makes them last as long as they shall."""

from __future__ import annotations

from dataclasses import dataclass

from agent.conflicts import fewest_bars
from agent.controls import Controls
from agent.forms import parse_form
from agent.genres import Genre
from agent.lengths import BARS, bars_for, seconds, tempo_for
from agent.offline.causes import cause, request
from agent.offline.mappings import mapping, source
from agent.offline.reading import Reading
from agent.offline.writer.form import usual_bars
from agent.tempo import bar_quarters
from chiaroscore import ControlError
from prompts import Cause

_PLAIN_FORMS = ("AABA", "ABAC", "AABB", "ABA", "AAB", "AB", "A")
#: Roundness of a number of bars: multiples of these are liked, the first most.
_ROUND = (8, 4, 2, 1)


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
        length, causes = _bars_in_seconds(seen, genre, meter, controls)
    elif controls.bars is not None:
        form = _form_for(genre, controls.bars, seen, controls)
        length = Length(controls.bars, form, tempo)
        causes = {"bars": [request(str(controls.bars), f"fixes the length: {controls.bars} bars")]}
    elif controls.duration is not None:
        length, causes = _for_seconds(seen, genre, meter, tempo, controls)
    else:
        length, causes = _by_form(seen, genre, meter, tempo, controls)
    return length, {**causes, "form": [_form_cause(genre, length, controls)]}


def sections_of(form: str) -> int:
    """Return how many sections a form has between introduction and coda: ``"ABA'"`` has 3."""
    return parse_form(form).sections


def _by_form(
    seen: Reading, genre: Genre, meter: str, tempo: float, controls: Controls
) -> tuple[Length, dict[str, list[Cause]]]:
    """Length by the form of the genre that comes nearest to about a minute; near ones are drawn from."""
    record = mapping("length")
    target = record["seconds"] + record["arousal"] * seen.arousal
    fewest, most = record["bars"]
    shortest, longest = record["shortest"], record["longest"]
    forms = genre.forms if controls.form is None else (controls.form.name,)
    choices: list[tuple[float, str, int]] = []
    for form, section in _sizes(forms, genre, meter, tempo):
        bars = usual_bars(form, section)
        if controls.form is not None:
            bars = max(bars, fewest_bars(controls.form))
        lasts = seconds(bars, meter, tempo)
        if fewest <= bars <= (most if controls.form is None else BARS[1]):
            choices.append((abs(lasts - target) + (0 if shortest <= lasts <= longest else 100), form, bars))
    best = min(choices)[0]
    near = [(form, bars) for misfit, form, bars in choices if misfit <= best + 8]
    form, bars = seen.chance("form").choice(near)
    why = cause(
        "emotion.arousal",
        seen.felt[1],
        f"asks for about {target:.0f} s: {bars} bars of {meter} at {tempo:.0f} qpm, "
        f"{seconds(bars, meter, tempo):.0f} s",
        source("length"),
    )
    return Length(bars, form, tempo), {"bars": [why]}


def _sizes(forms: tuple[str, ...], genre: Genre, meter: str, tempo: float) -> list[tuple[str, int]]:
    """Return forms with the bars of a section; twice as many where the genre's own are over too soon."""
    own = [(form, section) for form in forms for section in genre.section]
    longest = max(seconds(usual_bars(form, section), meter, tempo) for form, section in own)
    if longest >= mapping("length")["shortest"]:
        return own
    return [(form, 2 * section) for form, section in own]


def _for_seconds(
    seen: Reading, genre: Genre, meter: str, tempo: float, controls: Controls
) -> tuple[Length, dict[str, list[Cause]]]:
    """Bars for a duration: the roundest number that keeps the tempo within its just noticeable difference."""
    asked = controls.duration or 0.0
    fitting = bars_for(asked, meter, controls.tempo, fewest_bars(controls.form))
    if not fitting:
        raise ControlError(
            f"duration {asked:g} s cannot be met in {meter} at about {tempo:.0f} quarter notes a minute; "
            "ask for another duration, tempo or meter"
        )
    bars, fitted = min(fitting, key=lambda pair: _misfit(pair, tempo, asked, meter, genre))
    fitted = fitted if fitted == controls.tempo else round(fitted, 3)
    lasts = seconds(bars, meter, fitted)
    causes = {"bars": [request(f"{asked:g} s", f"gives {bars} bars of {meter}, which last {lasts:.1f} s")]}
    if fitted != tempo:
        moved = f"moves the tempo by {100 * (fitted / tempo - 1):+.1f} % to fit exactly"
        causes["tempo"] = [request(f"{asked:g} s", moved)]
    return Length(bars, _form_for(genre, bars, seen, controls), fitted), causes


def _misfit(
    pair: tuple[int, float], tempo: float, asked: float, meter: str, genre: Genre
) -> tuple[float, ...]:
    """Return what speaks against a number of bars with its tempo; the least misfit wins.

    First a duration missed, then a change of tempo that is noticed, by its size; then a number that is not
    round.
    """
    bars, qpm = pair
    change = abs(qpm / tempo - 1)
    noticed = change if change >= mapping("length")["jnd"] else 0.0
    off = abs(seconds(bars, meter, qpm) - asked)
    units = (genre.section[0], *_ROUND)
    rank = next(place for place, unit in enumerate(units) if bars % unit == 0)
    return (round(off, 3), noticed, rank, change)


def _bars_in_seconds(
    seen: Reading, genre: Genre, meter: str, controls: Controls
) -> tuple[Length, dict[str, list[Cause]]]:
    """Bars and duration both asked for: they fix the tempo."""
    bars, asked = controls.bars or 0, controls.duration or 0.0
    needed = tempo_for(bars, asked, meter, controls.tempo)
    if needed is None:
        needed = bars * bar_quarters(meter) * 60 / asked
        raise ControlError(
            f"{bars} bars of {meter} in {asked:g} s need a tempo of {needed:.0f}; "
            "leave out bars, duration, meter or tempo"
        )
    why = request(f"{bars} bars in {asked:g} s", f"fixes the tempo: {needed:.1f} qpm in {meter}")
    bars_why = request(str(bars), f"fixes the length: {bars} bars")
    length = Length(bars, _form_for(genre, bars, seen, controls), round(needed, 3))
    return length, {"bars": [bars_why], "tempo": [why]}


def _form_for(genre: Genre, bars: int, seen: Reading, controls: Controls) -> str:
    """Form that was asked for, or one of the genre with equal sections, else a plain one, else A."""
    if controls.form is not None:
        return controls.form.name
    usual = [
        f for f in genre.forms if bars in {usual_bars(f, size) for size in (*genre.section, 4, 8, 12, 16)}
    ]
    if usual:
        return seen.chance("form").choice(usual)
    for least in (4, 2):
        fitting = [f for f in _PLAIN_FORMS if bars % sections_of(f) == 0 and bars // sections_of(f) >= least]
        even = [f for f in fitting if bars // sections_of(f) % 4 == 0] or fitting
        if even:
            return even[0]
    return "A"


def _form_cause(genre: Genre, length: Length, controls: Controls) -> Cause:
    sections = sections_of(length.form)
    if controls.form is not None:
        return request(controls.form.name, f"fixes the form: {controls.form.name}, {sections} sections")
    per = f"{length.bars // sections} bars each" if length.bars % sections == 0 else "of unequal length"
    usual = "usual in" if length.form in genre.forms else f"fits {length.bars} bars; not usual in"
    effect = f"{length.form}, {sections} sections {per}, {usual} the genre"
    return cause("plan.genre", genre.name, effect, genre.source)
