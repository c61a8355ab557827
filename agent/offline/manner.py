"""How it is played: rhythm, articulation, dynamics, tessitura, tension."""

from __future__ import annotations

import math
from typing import Literal

from agent.controls import Controls
from agent.genres import Genre
from agent.offline.causes import cause, request
from agent.offline.expression import foreseen_arousal, usual_arousal
from agent.offline.mappings import mapping, quadrant, source
from agent.offline.reading import Reading
from agent.offline.timing import meter_ratio
from notation import instrument
from prompts import Cause, DynamicMark, Part, Rhythm, Tessitura

Articulation = Literal["legato", "normal", "staccato"]
_SHORTER: tuple[Articulation, ...] = ("legato", "normal", "staccato")


def choose_rhythm(
    seen: Reading, genre: Genre, tempo: float, meter: str, controls: Controls
) -> tuple[Rhythm, list[Cause]]:
    """Return the rhythm and why; a density that was asked for is taken as it is."""
    busyness = seen.scene.dynamic.busyness
    ratio = meter_ratio(genre, meter)
    usual = genre.density * tempo / ratio / 60
    felt = _ratio(seen, genre, "density") ** mapping("density")["power"]
    bustle = 1 + mapping("density")["busyness"] * (busyness - 0.5)
    density = round(min(max(usual * felt * bustle, 0.5), 24.0), 2)
    if controls.density is not None:
        density = round(controls.density.aim(density), 2)
    longer = _ratio(seen, genre, "note_seconds") ** mapping("note_length")["power"]
    note = round(min(max(genre.note_length * ratio * longer, 0.25), 4.0), 3)
    articulation = _articulation(seen, genre)
    rhythm = Rhythm(
        words=list(genre.rhythm),
        density=density,
        note_length=note,
        swing=genre.swing,
        articulation=articulation,
        limits=None if controls.density is None else (controls.density.low, controls.density.high),
    )
    path = _path(seen, "emotion.arousal")
    causes = [
        cause(
            "plan.genre",
            genre.name,
            f"moves {', '.join(genre.rhythm)}: {usual:.1f} notes/s at {tempo:.0f} qpm",
            genre.source,
        ),
        cause(path, seen.felt[1], f"makes it {_percent(felt)} dense", source("quadrants.density")),
        cause("dynamic.busyness", f"{busyness:.2f}", f"makes it {_percent(bustle)} dense", source("density")),
        cause(
            path,
            seen.felt[1],
            f"makes melody notes {_percent(longer)} long",
            source("quadrants.note_seconds"),
        ),
    ]
    if controls.density is not None:
        causes.append(
            request(str(controls.density.asked), f"fixes the density: about {density:.1f} notes a second")
        )
    if articulation != genre.articulation:
        causes.append(
            cause(
                path, seen.felt[1], f"changes {genre.articulation} to {articulation}", source("articulation")
            )
        )
    return rhythm, causes


def choose_dynamics(
    seen: Reading, genre: Genre, rhythm: Rhythm, tempo: float, meter: str
) -> tuple[DynamicMark, list[Cause]]:
    """Return the dynamic mark that the piece starts from, and why; it makes up for what the pace lacks."""
    record = mapping("dynamics")
    felt = quadrant("velocity", seen.valence, seen.arousal)
    edge = record["contrast"] * (seen.scene.colour.contrast - 0.5)
    pace = foreseen_arousal(tempo, meter, rhythm.density, rhythm.note_length)
    lack = record["lack"] * (seen.arousal - pace)
    lack = min(max(lack, -record["most"]), record["most"])
    velocity = felt + lack + record["genre"] * genre.loudness + edge
    mark: DynamicMark = next(name for limit, name in record["marks"] if velocity < limit)
    return mark, [
        cause(
            _path(seen, "emotion.arousal"),
            seen.felt[1],
            f"gives velocity {felt:.0f} of 127",
            source("quadrants.velocity"),
        ),
        cause(
            "plan.rhythm",
            f"{rhythm.density:.1f} notes/s at {tempo:.0f} qpm",
            f"sound like arousal {pace:+.2f}: adds {lack:+.0f}",
            source("expression"),
        ),
        cause("plan.genre", genre.name, f"adds {record['genre'] * genre.loudness:+.0f}", genre.source),
        cause(
            "colour.contrast",
            f"{seen.scene.colour.contrast:.2f}",
            f"adds {edge:+.1f}: {velocity:.0f} in all is {mark}",
            source("dynamics"),
        ),
    ]


def choose_tessitura(seen: Reading, parts: list[Part], controls: Controls) -> tuple[Tessitura, list[Cause]]:
    """Return where the melody lies and how far the voices spread, and why."""
    lead = instrument(next((part.instrument for part in parts if part.role == "melody"), parts[0].instrument))
    height = mapping("tessitura")["height_of_chordal" if lead.polyphonic else "height"]
    middle = lead.comfortable_low + height * (lead.comfortable_high - lead.comfortable_low)
    # a tune wants the ear's best octaves, wherever the player could go, and lies over the chords
    middle = min(max(middle, min(60.0, lead.comfortable_high - 7)), 79.0)
    lift = mapping("tessitura")["brightness"] * (seen.scene.colour.brightness - 0.5)
    glad = mapping("tessitura")["valence"] * seen.valence
    center = round(min(max(middle + lift + glad, lead.comfortable_low + 5), lead.comfortable_high - 5))
    spread = round(quadrant("range", seen.valence, seen.arousal))
    causes = [
        cause(
            "plan.instruments", lead.name, f"sings best around MIDI {middle:.0f} in its comfortable register"
        ),
        cause(
            "colour.brightness",
            f"{seen.scene.colour.brightness:.2f}",
            f"{'raises' if lift >= 0 else 'lowers'} the melody by {abs(lift):.1f} semitones",
            source("tessitura"),
        ),
        cause(
            _path(seen, "emotion.valence"),
            seen.felt[0],
            f"{'raises' if glad >= 0 else 'lowers'} the melody by {abs(glad):.1f} semitones",
            source("tessitura"),
        ),
        cause(
            _path(seen, "emotion.arousal"),
            seen.felt[1],
            f"spreads the voices over {spread} semitones",
            source("quadrants.range"),
        ),
    ]
    asked = controls.register
    place = None if asked is None else asked.centre_for(lead)
    if asked is not None and place is not None:
        causes[:3] = [request(asked.asked, f"lays the melody around MIDI {place}")]
        return Tessitura(center=place, spread=spread, fixed=True), causes
    return Tessitura(center=center, spread=spread), causes


def tension(seen: Reading) -> float:
    """Return the tension, -1 to 1: the diagonal of the circumplex from calm to tense."""
    return round(min(max((seen.arousal - seen.valence) / math.sqrt(2), -1.0), 1.0), 3)


def tension_causes(seen: Reading) -> list[Cause]:
    """Return why the tension is what it is."""
    value = f"valence {seen.felt[0]:+.2f}, arousal {seen.felt[1]:+.2f}"
    return [
        cause(
            _path(seen, "emotion.valence"), value, f"sets the tension {tension(seen):+.2f}", source("tension")
        )
    ]


def _ratio(seen: Reading, genre: Genre, name: str) -> float:
    """Ratio of a quadrant value to that at the genre's own place, where its usual manner belongs."""
    return quadrant(name, seen.valence, seen.arousal) / quadrant(name, genre.valence, usual_arousal(genre))


def _articulation(seen: Reading, genre: Genre) -> Articulation:
    shift = mapping("articulation")["shift"]
    over = seen.arousal - genre.arousal
    place = int(_SHORTER.index(genre.articulation) + (over > shift) - (over < -shift))
    return _SHORTER[min(max(place, 0), 2)]


def _path(seen: Reading, path: str) -> str:
    return "request" if seen.mood_asked else path


def _percent(ratio: float) -> str:
    return f"{100 * abs(ratio - 1):.0f} % {'more' if ratio >= 1 else 'less'}"
