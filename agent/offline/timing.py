"""Meter, tempo, bars and form: how the piece lies in time."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.controls import BARS, TEMPO, Controls
from agent.genres import Genre
from agent.offline.causes import cause, request
from agent.offline.look import Look
from agent.offline.mappings import mapping, quadrant, source
from agent.tempo import METERS, bar_quarters, beat_quarters, tempo_range
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


def choose_meter(seen: Look, genre: Genre, controls: Controls) -> tuple[str, list[Cause]]:
    """Return the meter and why."""
    if controls.meter is not None:
        return controls.meter, [request(controls.meter, f"fixes the meter: {controls.meter}")]
    record, chance = mapping("meter"), seen.chance("meter")
    wanted = _possible(genre.meters, controls)
    leans = {meter: _leans(seen, meter) for meter in wanted}
    scores = {
        meter: sum(leans[meter].values()) - record["step"] * place + record["chance"] * chance.random()
        for place, meter in enumerate(wanted)
    }
    meter = max(wanted, key=lambda one: scores[one])
    causes = [
        cause("genre", genre.name, f"is written in {' or '.join(genre.meters)}; {meter} here", genre.source)
    ]
    for word, lean in sorted(leans[meter].items(), key=lambda pair: -pair[1])[:2]:
        if lean > 0.03 and len(wanted) > 1:
            causes.append(cause(_path(seen, word), word, f"leans to {meter} by {lean:.2f}", source("meter")))
    return meter, causes


def choose_tempo(seen: Look, genre: Genre, meter: str, controls: Controls) -> tuple[float, list[Cause]]:
    """Return the tempo in quarter notes per minute, and why."""
    if isinstance(controls.tempo, float):
        return controls.tempo, [request(f"{controls.tempo:g}", f"fixes the tempo: {controls.tempo:g} qpm")]
    low, usual, high = (one * meter_ratio(genre, meter) for one in genre.tempo)
    felt = usual * (quadrant("tempo", seen.valence, seen.arousal) / quadrant("tempo", 0, 0))
    wanted = felt * (1 + mapping("tempo")["lift"] * seen.lift)
    tempo = float(round(min(max(wanted, low), high)))
    path = "request" if seen.mood_asked else "emotion.arousal"
    causes = [
        cause("genre", genre.name, f"starts at {usual:.0f} qpm, its usual tempo in {meter}", genre.source),
        cause(
            path,
            seen.arousal,
            _moved(felt - usual),
            source("quadrants.tempo"),
        ),
        cause(
            "colour.swatches",
            f"palette lift {seen.lift:+.2f}",
            _moved(wanted - felt),
            source("tempo"),
        ),
    ]
    if abs(tempo - wanted) > 1:
        causes.append(
            cause("genre", genre.name, f"holds the tempo between {low:.0f} and {high:.0f} qpm", genre.source)
        )
    if isinstance(controls.tempo, str):
        tempo, asked = _word_tempo(controls.tempo, tempo, meter)
        causes.append(asked)
    return tempo, causes


def choose_length(
    seen: Look, genre: Genre, meter: str, tempo: float, controls: Controls
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


def meter_ratio(genre: Genre, meter: str) -> float:
    """Return what times of the genre are multiplied by in a meter that is not its first.

    Beats keep their pace between simple and compound meters, so 12/8 goes at 3/2 the quarters of 4/4 and its notes are
    as much longer; three-four and six-eight have the same quarters.
    """
    usual, compound = genre.meters[0], ("6/8", "9/8", "12/8")
    if {usual, meter} <= {"3/4", "6/8", "3/8", "9/8"} or (usual in compound) == (meter in compound):
        return 1.0
    return beat_quarters(meter) / beat_quarters(usual)


def sections_of(form: str) -> int:
    """Return how many sections a form has: ``"ABA'"`` has 3."""
    return len(re.findall(r"[A-Z]", form))


def _by_form(seen: Look, genre: Genre, meter: str, tempo: float) -> tuple[Length, dict[str, list[Cause]]]:
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
        seen.arousal,
        f"asks for about {target:.0f} s; {bars} bars of {meter} at {tempo:.0f} qpm last {bars * seconds:.0f} s",
        source("length"),
    )
    return length, {"bars": [why], "form": [_form_cause(genre, length)]}


def _for_seconds(
    seen: Look, genre: Genre, meter: str, tempo: float, controls: Controls
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
    seen: Look, genre: Genre, meter: str, tempo: float, controls: Controls
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


def _possible(meters: tuple[str, ...], controls: Controls) -> tuple[str, ...]:
    """Meters in which bars, duration and tempo that were asked for can be had together; all if none were."""
    if controls.duration is None:
        return meters
    bars = controls.bars or BARS[0]
    slowest = {meter: bars * bar_quarters(meter) * 60 / controls.duration for meter in (*meters, *METERS)}
    if controls.bars is None:
        good = [meter for meter in meters if slowest[meter] <= 200]
        return tuple(good) or (min(meters, key=lambda meter: slowest[meter]),)
    tempo = controls.tempo if isinstance(controls.tempo, float) else None
    good = [
        meter
        for meter, qpm in slowest.items()
        if TEMPO[0] <= qpm <= TEMPO[1] and (tempo is None or abs(qpm / tempo - 1) <= mapping("length")["jnd"])
    ]
    usual = tuple(meter for meter in good if meter in meters)
    return usual or tuple(good[:1]) or meters


def _leans(seen: Look, meter: str) -> dict[str, float]:
    """Words of the scene that lean to a meter, with their weight."""
    words: dict[str, dict[str, float]] = mapping("meter")["words"]
    return {word: seen.words.get(word, 0.0) * meters.get(meter, 0.0) for word, meters in words.items()}


def _path(seen: Look, word: str) -> str:
    measured = {"busy": "busyness", "still": "busyness", "symmetrical": "symmetry", "lopsided": "symmetry"}
    if word in seen.scene.dynamic.words:
        return "dynamic.words"
    return f"dynamic.{measured.get(word, 'openness')}"


def _moved(difference: float) -> str:
    return f"{'raises' if difference >= 0 else 'lowers'} the tempo by {abs(difference):.1f} qpm"


def _word_tempo(word: str, tempo: float, meter: str) -> tuple[float, Cause]:
    """Tempo within a tempo word's range, as near as may be to the one the picture gives."""
    low, _, high = (beats * beat_quarters(meter) for beats in tempo_range(word))
    low, high = max(low, TEMPO[0]), min(high, TEMPO[1])
    inside = float(round(min(max(tempo, low + 1), high - 1)))
    return inside, request(word, f"keeps the tempo between {low:.0f} and {high:.0f} qpm in {meter}")


def _round_bars(exact: float, genre: Genre) -> int:
    """Roundest bar count within the just noticeable difference of tempo: by the section, 8, 4, 2, else any."""
    jnd = mapping("length")["jnd"]
    for unit in (genre.section[0], 8, 4, 2):
        bars = unit * max(1, round(exact / unit))
        if bars <= _MOST_BARS and bars >= BARS[0] and abs(bars / exact - 1) < jnd:
            return bars
    return max(BARS[0], min(_MOST_BARS, round(exact)))


def _form_for(genre: Genre, bars: int, seen: Look) -> str:
    """Form of the genre whose sections divide the bars into wholes of at least four, else a plain one, else A."""
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
    return cause(
        "genre", genre.name, f"{length.form}, {sections} sections {per}, {usual} the genre", genre.source
    )
