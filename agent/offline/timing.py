"""Meter and tempo."""

from __future__ import annotations

from typing import Any

from agent.conflicts import fewest_bars
from agent.controls import TEMPO, Controls
from agent.genres import Genre
from agent.lengths import possible, tempo_limits
from agent.offline.causes import cause, request
from agent.offline.expression import usual_arousal
from agent.offline.mappings import mapping, quadrant, source
from agent.offline.reading import Reading
from agent.tempo import METERS, bar_quarters, beat_quarters
from prompts import Cause

#: Quarter notes per minute over which a meter of shorter bars is taken, where a short duration asks for it.
BRISK = 200.0


def choose_meter(seen: Reading, genre: Genre, controls: Controls) -> tuple[str, list[Cause]]:
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
        cause(
            "plan.genre", genre.name, f"is written in {' or '.join(genre.meters)}; {meter} here", genre.source
        )
    ]
    for word, lean in sorted(leans[meter].items(), key=lambda pair: -pair[1])[:2]:
        if lean > 0.03 and len(wanted) > 1:
            causes.append(cause(_path(seen, word), word, f"leans to {meter} by {lean:.2f}", source("meter")))
    return meter, causes


def choose_tempo(seen: Reading, genre: Genre, meter: str, controls: Controls) -> tuple[float, list[Cause]]:
    """Return the tempo in quarter notes per minute, and why."""
    if isinstance(controls.tempo, float):
        return controls.tempo, [request(f"{controls.tempo:g}", f"fixes the tempo: {controls.tempo:g} qpm")]
    low, usual, high = genre_tempo(genre, meter)
    pace = quadrant("tempo", seen.valence, seen.arousal)
    own = quadrant("tempo", genre.valence, usual_arousal(genre))
    felt = usual * (pace / own) ** mapping("tempo")["power"]
    wanted = felt * (1 + mapping("tempo")["lift"] * seen.lift)
    tempo = float(round(min(max(wanted, low), high)))
    path = "request" if seen.mood_asked else "emotion.arousal"
    causes = [
        cause(
            "plan.genre", genre.name, f"starts at {usual:.0f} qpm, its usual tempo in {meter}", genre.source
        ),
        cause(
            path,
            seen.felt[1],
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
            cause(
                "plan.genre",
                genre.name,
                f"holds the tempo between {low:.0f} and {high:.0f} qpm",
                genre.source,
            )
        )
    if isinstance(controls.tempo, str):
        tempo, asked = _word_tempo(controls.tempo, tempo, meter)
        causes.append(asked)
    return tempo, causes


def genre_tempo(genre: Genre, meter: str) -> tuple[float, float, float]:
    """Return a genre's lowest, usual and highest quarter notes per minute in a meter."""
    low, usual, high = (min(TEMPO[1], one * meter_ratio(genre, meter)) for one in genre.tempo)
    return low, usual, high


def meter_ratio(genre: Genre, meter: str) -> float:
    """Return what times of the genre are multiplied by in a meter that is not its first.

    Beats keep their pace between simple and compound meters, so 12/8 goes at 3/2 the quarters of 4/4 and its
    notes are as much longer; three-four and six-eight have the same quarters.
    """
    usual, compound = genre.meters[0], ("6/8", "9/8", "12/8")
    if {usual, meter} <= {"3/4", "6/8", "3/8", "9/8"} or (usual in compound) == (meter in compound):
        return 1.0
    return beat_quarters(meter) / beat_quarters(usual)


def _possible(meters: tuple[str, ...], controls: Controls) -> tuple[str, ...]:
    """Meters in which bars, duration and tempo that were asked for can be had together; all if none were."""
    fewest = fewest_bars(controls.form)
    asked: dict[str, Any] = {
        "bars": controls.bars, "duration": controls.duration, "tempo": controls.tempo, "fewest": fewest,
    }  # fmt: skip
    good = [meter for meter in dict.fromkeys((*meters, *METERS)) if possible(meter, **asked)]
    usual = tuple(meter for meter in good if meter in meters)
    if controls.duration is None:
        return usual or tuple(good[:1])
    brisk = tuple(m for m in usual if fewest * bar_quarters(m) * 60 / controls.duration <= BRISK)
    return brisk or usual or tuple(good[:1])


def _leans(seen: Reading, meter: str) -> dict[str, float]:
    """Words of the scene that lean to a meter, with their weight."""
    words: dict[str, dict[str, float]] = mapping("meter")["words"]
    return {word: seen.words.get(word, 0.0) * meters.get(meter, 0.0) for word, meters in words.items()}


def _path(seen: Reading, word: str) -> str:
    measured = {"busy": "busyness", "still": "busyness", "symmetrical": "symmetry", "lopsided": "symmetry"}
    if word in seen.scene.dynamic.words:
        return "dynamic.words"
    return f"dynamic.{measured.get(word, 'openness')}"


def _moved(difference: float) -> str:
    return f"{'raises' if difference >= 0 else 'lowers'} the tempo by {abs(difference):.1f} qpm"


def _word_tempo(word: str, tempo: float, meter: str) -> tuple[float, Cause]:
    """Tempo within a tempo word's range, as near as may be to the one the picture gives."""
    low, high = tempo_limits(word, meter)
    inside = float(round(min(max(tempo, low + 1), high - 1)))
    return inside, request(word, f"keeps the tempo between {low:.0f} and {high:.0f} qpm in {meter}")
