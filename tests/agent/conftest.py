"""Pieces of the offline writer that several test files look at."""

import pathlib
import random
from types import SimpleNamespace

import pytest

from agent.controls import Controls
from agent.offline.plan import OfflinePlanner
from agent.offline.writer import OfflineWriter
from agent.offline.writer.pattern import table
from notation import parse
from prompts import Colour, Dynamic, Emotion, Scene

_STORE = pathlib.Path(__file__).parents[2] / "rag_store" / "data" / "exemplars"
_EXEMPLARS = [
    SimpleNamespace(id=path.stem, abc=path.read_text(), genre=path.stem[:-3].replace("-", " "))
    for path in sorted(_STORE.glob("*.abc"))
]
_GENRES = sorted(table("styles")["genres"])


def _scene(valence=0.2, arousal=0.1):
    return Scene(
        emotion=Emotion(words=["calm"], valence=valence, arousal=arousal),
        dynamic=Dynamic(words=["still"]),
        colour=Colour(),
        description="A view.",
    )


def _planned(seed, valence=0.2, arousal=0.1, **asked):
    return OfflinePlanner().plan(_scene(valence, arousal), Controls.parse(**asked), seed)


def _exemplars(genre, count=4, seed=0):
    own = [one for one in _EXEMPLARS if one.id.startswith(genre.replace(" ", "-") + "-")]
    return own + random.Random(seed).sample(_EXEMPLARS, count - 2)


def _own_plans(count):
    """Plans as pictures give them, the genre asked for."""
    for at in range(count):
        rng = random.Random(at)
        yield at, _planned(at, rng.uniform(-1, 1), rng.uniform(-1, 1), genre=_GENRES[at % 27])


@pytest.fixture(scope="session")
def pieces():
    """Forty pieces of the offline writer: (plan, draft, tune, exemplars)."""
    made = []
    for at, plan in _own_plans(40):
        sources = _exemplars(plan.genre, seed=at)
        draft = OfflineWriter().write(plan, sources, at)
        made.append((plan, draft, parse(draft.abc), sources))
    return made


def _top(voice):
    """Highest notes with ties joined: (onset, pitch, length, bar)."""
    line = []
    for note in sorted(voice.notes, key=lambda n: (n.onset, -n.pitch)):
        if line and line[-1][0] == note.onset:
            continue
        if note.tie_stop and line and line[-1][0] + line[-1][2] == note.onset:
            onset, pitch, length, bar = line[-1]
            line[-1] = (onset, pitch, length + note.duration, bar)
        else:
            line.append((note.onset, note.pitch, note.duration, note.bar))
    return line


@pytest.fixture(scope="session")
def planned():
    """Return the plan that the offline planner makes for a seed, a mood and requests."""
    return _planned


@pytest.fixture(scope="session")
def exemplars():
    """Return exemplars for a genre: its own and two others."""
    return _exemplars


@pytest.fixture(scope="session")
def top():
    """Return the highest notes of a voice with ties joined: (onset, pitch, length, bar)."""
    return _top
