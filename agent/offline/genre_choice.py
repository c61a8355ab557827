"""Which genre a picture calls for: its place on the circumplex, what is seen, movement and colour."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agent.controls import Controls
from agent.genres import Genre, genres
from agent.offline.causes import cause, request
from agent.offline.expression import usual_arousal
from agent.offline.mappings import mapping, source
from agent.offline.reading import Reading, Theme
from agent.tempo import beat_quarters, tempo_range
from prompts import Cause


@dataclass(frozen=True, slots=True)
class Score:
    """How well a genre suits, and the parts of the sum."""

    genre: Genre
    fit: float
    call: float
    words: float
    mood: float
    request: float
    total: float


def choose_genre(seen: Reading, controls: Controls, place: int = 0) -> tuple[Genre, list[Cause]]:
    """Return the genre at a place of the ranking, best first, or the one asked for, and why."""
    scores = rank_genres(seen, controls)
    if controls.genre is not None:
        best = next(score for score in scores if score.genre == controls.genre)
        return controls.genre, [request(controls.genre.name, f"fixes the genre: {controls.genre.name}")]
    best, second = scores[place], scores[place + 1]
    return best.genre, _causes(seen, best, second)


def rank_genres(seen: Reading, controls: Controls) -> list[Score]:
    """Return the scores of all genres, best first; requests for meter, key, tempo, players lean on them."""
    chance = seen.chance("genre")
    scores = [_score(seen, controls, one, chance.random()) for one in genres()]
    return sorted(scores, key=lambda score: -score.total)


def _score(seen: Reading, controls: Controls, one: Genre, luck: float) -> Score:
    weight = mapping("genre")
    distance = math.hypot(seen.valence - one.valence, seen.arousal - liveliness(one))
    fit = math.exp(-(distance**2) / (2 * one.spread**2))
    quiet = 1.0
    for theme, strength in _callers(seen, one):
        quiet *= 1 - theme.strength * strength
    words = min(1.0, sum(seen.words.get(word, 0.0) * lean for word, lean in one.words.items()))
    mood = sum(name in one.mood for name in seen.moods) / max(1, len(seen.moods))
    asked = _requests_met(one, controls)
    total = weight["fit"] * fit + weight["call"] * (1 - quiet) + weight["words"] * words
    strongest = max((theme.strength for theme in seen.themes.values()), default=0.0)
    total -= (one.topical + weight["stray"] * strongest) * quiet
    total += weight["mood"] * mood + weight["request"] * asked + weight["chance"] * luck
    return Score(one, fit, 1 - quiet, words, mood, asked, total)


def liveliness(one: Genre) -> float:
    """Return the arousal of a genre: of its place in the table, and for a part of what its pace expresses."""
    share = float(mapping("genre")["manner"])
    return (1 - share) * one.arousal + share * usual_arousal(one)


def _callers(seen: Reading, one: Genre) -> list[tuple[Theme, float]]:
    """Themes that call for a genre, the most effective first."""
    calling = [(seen.themes[name], strength) for name, strength in one.calls.items() if name in seen.themes]
    return sorted(calling, key=lambda pair: -pair[0].strength * pair[1])


def _requests_met(one: Genre, controls: Controls) -> float:
    """Weigh the requests that a genre meets by itself against those that it would have to be bent for."""
    met = 0.0
    if controls.meter is not None:
        met += 1.0 if controls.meter in one.meters else -3.0
    if controls.key is not None:
        met += 0.5 if controls.key.mode in one.modes else -1.0
    if controls.tempo is not None:
        met += 1.0 if _tempo_suits(one, controls.tempo) else -3.0
    players = {player for lineup in one.lineups for player, _ in lineup.parts}
    wanted = [player.name for player in controls.instruments]
    if wanted:
        met += 1.5 * sum(name in players for name in wanted) / len(wanted)
    return met


def _tempo_suits(one: Genre, tempo: float | str) -> bool:
    if isinstance(tempo, str):
        low, _, high = tempo_range(tempo)
        beat = beat_quarters(one.meters[0])
        return low * beat <= one.tempo[2] and one.tempo[0] <= high * beat
    return one.tempo[0] <= tempo <= one.tempo[2]


def _sightings(seen: Reading, one: Genre) -> list[Cause]:
    """Up to three things seen that call for a genre, each by the strongest of its themes."""
    calling: dict[str, Cause] = {}
    for theme, strength in _callers(seen, one):
        share = theme.strength * strength
        if share > 0.02 and theme.value not in calling and len(calling) < 3:
            effect = f"{theme.name} calls for {one.name} (strength {share:.2f})"
            calling[theme.value] = cause(theme.path, theme.value, effect, source("genre"))
    return list(calling.values())


def _causes(seen: Reading, best: Score, second: Score) -> list[Cause]:
    name, weight = best.genre.name, mapping("genre")
    found = _sightings(seen, best.genre)
    path = "request" if seen.mood_asked else "emotion.valence"
    place = f"valence {seen.felt[0]:+.2f}, arousal {seen.felt[1]:+.2f}"
    centre = f"({best.genre.valence:+.2f}, {liveliness(best.genre):+.2f})"
    found.append(
        cause(path, place, f"lies by the place of {name} {centre}: fit {best.fit:.2f} of 1", source("genre"))
    )
    words = {
        w: seen.words[w] * lean for w, lean in best.genre.words.items() if seen.words.get(w, 0) * lean > 0.03
    }
    if words:
        said = ", ".join(sorted(words, key=lambda word: -words[word])[:4])
        path = "dynamic.words" if any(word in seen.scene.dynamic.words for word in words) else "colour"
        found.append(
            cause(path, said, f"leans to {name} by {weight['words'] * best.words:.2f}", source("genre"))
        )
    if best.mood:
        path = "request" if seen.mood_asked else "emotion.words"
        effect = f"{name} is known for this mood (+{weight['mood'] * best.mood:.2f})"
        found.append(cause(path, ", ".join(seen.moods), effect, source("genre")))
    if best.request:
        found.append(
            request("other requests", f"are met by {name} (+{weight['request'] * best.request:.2f})")
        )
    margin = f"{name} scores {best.total:.2f}, next comes {second.genre.name} with {second.total:.2f}"
    return [found[0].model_copy(update={"effect": f"{found[0].effect}; {margin}"[:300]}), *found[1:]]
