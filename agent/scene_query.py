"""What to look for in the store for a picture, without planning a piece: a text and a few attributes.

The same published mappings that the planner starts from (``agent/data/mappings.json``) turn the scene's
valence, arousal and colours into the tempo, mode, density and loudness of music so felt. A plan is one
decision out of many; a search keeps its choices open: ranges instead of values, three genres instead of one,
and a mode only where the mapping leans clearly to one side.

Conventions
-----------
Valence and arousal lie in [-1, 1] as music has them (an ordinary photograph is stretched to ordinary music).
Tempo is quarter notes a minute, density notes a second over all voices.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from agent.controls import Controls
from agent.offline.genre_choice import rank_genres
from agent.offline.mappings import mapping, quadrant
from agent.offline.reading import Reading, read_scene, theme_table
from prompts import Scene
from rag_store.words import genre_names, mood_table, tempo_class

#: How far a tempo may lie from the mapping's, as a factor either way: four semitones of a metronome's scale.
_TEMPO_REACH = 1.26
#: A mode is named where this share of music so felt is in major, or in minor.
_SURE_MODE = 0.6
#: Themes and colours that are told, and genres that are offered.
_MOST = 3
#: Arousal from which on music is called slow or fast.
_CLEAR = 0.25
#: A theme weaker than this is not spoken of.
_SURE_THEME = 0.25
_LENGTHS = (
    (0.4, "busy running notes"),
    (0.6, "flowing notes"),
    (0.85, "even notes"),
    (9.0, "long sustained notes"),
)
_LOUDNESS = ((56.0, "soft and quiet"), (74.0, ""), (200.0, "loud and strong"))


@dataclass(frozen=True, slots=True)
class SceneQuery:
    """What to search with; all plain values."""

    text: str  # one sentence on the music, in the words of the exemplars' captions
    mood: str  # of the store's moods
    valence: float
    arousal: float
    tempo: tuple[float, float]  # lowest and highest
    mode: str | None  # "major", "minor", None where the picture leans to neither
    density: float
    genres: tuple[str, ...]  # of the store's, the likeliest first
    themes: tuple[str, ...]  # what was surely seen, the strongest first
    colours: tuple[tuple[str, float], ...]  # names with their shares, the largest first
    lift: float  # how much happier than sad the colours are, -1 to 1

    def record(self) -> dict[str, Any]:
        """Return it as plain values, for printing."""
        return asdict(self)


def scene_query(scene: Scene, *, seed: int = 0) -> SceneQuery:
    """Return what to look for in the store for a scene.

    Parameters
    ----------
    scene
        From either mind.
    seed
        Breaks ties between genres; same scene and seed, same query.

    Examples
    --------
    >>> from prompts import Colour, Dynamic, Emotion
    >>> sea = Scene(emotion=Emotion(words=["calm"], valence=0.4, arousal=-0.5),
    ...             dynamic=Dynamic(words=["still"]), colour=Colour(), description="a quiet sea")
    >>> scene_query(sea).mood
    'calm'
    """
    seen = read_scene(scene, Controls.parse(), seed)
    pace = quadrant("tempo", seen.valence, seen.arousal) * (1 + mapping("tempo")["lift"] * seen.lift)
    share = quadrant("major", seen.valence, 0.0) + mapping("mode")["lift"] * seen.lift
    mode = "major" if share >= _SURE_MODE else "minor" if share <= 1 - _SURE_MODE else None
    themes = tuple(name for name, theme in seen.themes.items() if theme.strength >= _SURE_THEME)[:_MOST]
    swatches = sorted(scene.colour.swatches, key=lambda one: (-one.share, one.name))[:_MOST]
    return SceneQuery(
        text=_sentence(seen, pace, mode, themes),
        mood=seen.mood.name,
        valence=round(seen.valence, 3),
        arousal=round(seen.arousal, 3),
        tempo=(round(pace / _TEMPO_REACH, 1), round(pace * _TEMPO_REACH, 1)),
        mode=mode,
        density=round(quadrant("density", seen.valence, seen.arousal), 2),
        genres=tuple(name for name in _genres(seen) if name in genre_names())[:_MOST],
        themes=themes,
        colours=tuple((one.name, round(one.share, 3)) for one in swatches),
        lift=round(seen.lift, 3),
    )


def _genres(seen: Reading) -> list[str]:
    return [score.genre.name for score in rank_genres(seen, Controls.parse())]


def _sentence(seen: Reading, pace: float, mode: str | None, themes: tuple[str, ...]) -> str:
    """Say the music in the captions' words: speed, mood, loudness, mode, length of notes, and its subject."""
    words = mood_table()["moods"][seen.mood.name]
    others = [name for name in seen.moods if name != seen.mood.name][:1]
    manner = dict.fromkeys([*words["say"], *words["also"][:2], *others])
    length = quadrant("note_seconds", seen.valence, seen.arousal)
    loud = quadrant("velocity", seen.valence, seen.arousal)
    told = [
        f"{tempo_class(pace) if abs(seen.arousal) >= _CLEAR else ''} {', '.join(manner)} music".strip(),
        _named(_LOUDNESS, loud),
        f"in {mode}" if mode else "",
        _named(_LENGTHS, length),
    ]
    nouns = [str(theme_table()[name]["title"] or name).lower() for name in themes]
    sentence = ", ".join(part for part in told if part) + (f"; of {', '.join(nouns)}" if nouns else "")
    return sentence[0].upper() + sentence[1:]


def _named(table: tuple[tuple[float, str], ...], value: float) -> str:
    return next(words for limit, words in table if value < limit)
