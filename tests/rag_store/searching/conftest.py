import random

import numpy as np
import pytest

from rag_store.columns import NUMBERS, TEXTS, Coded, Columns

CHOICES = {
    "genre": ["jig", "reel", "waltz", "tango"],
    "mood": ["joyful", "sad", "calm"],
    "meter": ["6/8", "4/4", "3/4"],
    "tonic": ["D", "G", "A"],
    "mode": ["major", "minor"],
    "tempo_class": ["slow", "moderate", "fast", "very fast"],
    "source": ["written for Chiaroscore", "my songs", "MidiCaps"],
    "licence": ["CC0-1.0", "CC-BY-NC-4.0", "unstated", "PD"],
}
PLAYED = ["Violin", "Flute", "Cello", "Harp"]


def columns_of(rows):
    """Columns of dicts; what a row leaves out is the same in all rows."""
    base = {name: values[0] for name, values in CHOICES.items()}
    base |= dict.fromkeys(NUMBERS, 1.0) | {"tempo": 100.0, "characters": 300, "instruments": "Violin"}
    full = [base | row for row in rows]
    ids = tuple(row.get("id", f"mine:{at:05d}") for at, row in enumerate(full))
    return Columns(
        ids=ids,
        place={identity: at for at, identity in enumerate(ids)},
        texts={name: Coded.of([row[name] for row in full]) for name in TEXTS},
        numbers={name: np.array([row[name] for row in full], np.float32) for name in NUMBERS},
        instruments=Coded.of([row["instruments"] for row in full]),
        characters=np.array([row["characters"] for row in full], np.int32),
    )


@pytest.fixture(scope="session")
def made():
    return columns_of


@pytest.fixture(scope="session")
def drawn():
    """Columns of rows drawn at random."""

    def draw(n, seed=0):
        rng = random.Random(f"rows:{seed}")
        rows = [{name: rng.choice(values) for name, values in CHOICES.items()} for _ in range(n)]
        for row in rows:
            row["instruments"] = "|".join(rng.sample(PLAYED, rng.randint(1, 3)))
            row |= {
                "tempo": rng.uniform(40, 200),
                "density": rng.uniform(0.5, 6),
                "valence": rng.uniform(-1, 1),
            }
            row |= {"arousal": rng.uniform(-1, 1), "year": rng.choice([0, 1700, 1850, 1999])}
            row |= {
                "bars": rng.randint(4, 32),
                "voices": rng.randint(1, 5),
                "characters": rng.randint(100, 900),
            }
        rng.shuffle(rows)
        return columns_of(rows), rows

    return draw


@pytest.fixture(scope="session")
def big(drawn):
    """More rows than are compared whole, with vectors in clusters: (columns, vectors, a query)."""
    columns, _ = drawn(9000)
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((60, 24))
    vectors = centres[rng.integers(0, 60, 9000)] + 0.5 * rng.standard_normal((9000, 24))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    query = centres[3] + 0.4 * rng.standard_normal(24)
    return columns, vectors, (query / np.linalg.norm(query)).astype(np.float32)
