"""A large store of made-up exemplars: attributes and titles drawn anew, captions and vectors as real ones.

Every exemplar has the ABC of a built-in one of its genre. Its attributes are drawn each on its own among
those of the genre, its title is joined from two real ones, and its caption is written from both by the rules
of the store. So the captions, and the vectors a model makes of them, lie as closely together as those of a
large real store do: many pieces differ in a word or two.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Any

from rag_store import Exemplar
from rag_store.caption import caption
from rag_store.describe import feel
from rag_store.words import mood_names, tempo_class

#: Genres are drawn by the root of their size in the built-in store: its dances must not be nine tenths.
POWER = 0.5


def crowd(exemplars: Sequence[Exemplar], size: int, seed: int = 0) -> list[Exemplar]:
    """Return ``size`` made-up exemplars, the same for the same seed."""
    rng = random.Random(f"crowd:{seed}")
    by_genre: dict[str, list[Exemplar]] = {}
    for exemplar in exemplars:
        by_genre.setdefault(exemplar.genre, []).append(exemplar)
    genres = sorted(by_genre)
    drawn = rng.choices(genres, [len(by_genre[g]) ** POWER for g in genres], k=size)
    titles = [exemplar.title for exemplar in exemplars]
    return [_made(f"crowd:{n:06d}", by_genre[genre], titles, rng) for n, genre in enumerate(drawn)]


def _made(identity: str, kin: Sequence[Exemplar], titles: Sequence[str], rng: random.Random) -> Exemplar:
    base = rng.choice(kin)
    key, beat, sound = rng.choice(kin), rng.choice(kin), rng.choice(kin)
    tempo = round(min(max(beat.tempo * 2 ** rng.uniform(-0.4, 0.4), 40.0), 220.0), 1)
    rate = sound.density / sound.voices
    valence, arousal = feel(key.mode, tempo, rate)
    values: dict[str, Any] = dataclasses.asdict(base) | {
        "id": identity, "title": _title(titles, rng),
        "mood": rng.choice([base.mood, rng.choice(mood_names())]),
        "tonic": key.tonic, "mode": key.mode, "meter": beat.meter,
        "tempo": tempo, "tempo_class": tempo_class(tempo),
        "density": sound.density, "voices": sound.voices, "low": sound.low, "high": sound.high,
        "valence": round(valence, 3), "arousal": round(arousal, 3),
    }  # fmt: skip
    values["caption"] = caption(values, sound.high - sound.low, rate * tempo / 60.0, [], "")
    return Exemplar(**values)


def _title(titles: Sequence[str], rng: random.Random) -> str:
    """Join the beginning of one title and the end of another."""
    first, last = (rng.choice(titles).split() for _ in range(2))
    return " ".join([*first[: (len(first) + 1) // 2], *last[len(last) // 2 :]])
