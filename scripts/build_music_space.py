"""Fit the music space on the built-in exemplars, measure it, and make the shipped vectors.

    python scripts/build_music_space.py            # writes music_space.npz and music_vectors.npz in
                                                   # rag_store/data (three minutes on one core)
    python scripts/build_music_space.py --measure  # fits on half of the exemplars, searches with the rest
    python scripts/build_music_space.py --vectors  # only the vectors, after a change to an exemplar

A class is a piece; its versions are its halves, an ornamented copy and a transposed one. The discriminants
are the generalised eigenvectors of the covariance between pieces and that within them (Rao 1948); the latter
has `RIDGE` times its mean variance added on the diagonal (Friedman 1989, Regularized discriminant analysis,
JASA 84, 165-175). A discriminant is multiplied by its ratio of variances to the power `POWER`. Ridge, power
and the versions' weights were chosen by ``--measure``.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from chiaroscore import write_bytes
from notation import EVENT, bar_starts, events, parse
from rag_store.arrays import npz_bytes
from rag_store.builtin import builtin_exemplars
from rag_store.exemplar import Exemplar
from rag_store.spaces.by_notes import packed
from rag_store.spaces.features import content, manner
from rag_store.spaces.heard import Heard, heard
from rag_store.spaces.music import CONTENT_DIM, VERSION, MusicEmbedder, data_folder, joined

RIDGE, POWER = 0.4, -0.25
#: How much the differences of versions weigh in the covariance within pieces.
WEIGHTS = {"second": 1.0, "ornamented": 0.3, "transposed": 0.3}
SOURCE = (
    "discriminants of versions of the built-in exemplars (music21's corpus and our own pieces), fitted by "
    "scripts/build_music_space.py; Rao (1948), J. R. Stat. Soc. B 10(2), 159-203"
)

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """A played tune, ready to be cut, moved and ornamented."""

    rows: NDArray[Any]  # notation.EVENT
    starts: Rows
    meter: tuple[int, int]
    key: tuple[str, str]
    tempo: float

    def heard(self) -> Heard:
        """Return it as it is heard."""
        return heard(self.rows, self.starts, self.meter, self.key, self.tempo)


def main() -> int:
    """Fit, measure or make the vectors; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--measure", action="store_true", help="fit on one half, search with the other")
    parser.add_argument("--vectors", action="store_true", help="only the vectors")
    options = parser.parse_args()
    exemplars = builtin_exemplars()
    if options.measure:
        measure(exemplars)
        return 0
    if not options.vectors:
        found = {name: rows for name, (rows, _) in versions(exemplars, (*WEIGHTS, "full", "first")).items()}
        mean, matrix = fit(found)
        arrays = {
            "source": np.array(SOURCE),
            "version": np.array(VERSION),
            "mean": mean.astype(np.float16),
            "matrix": matrix.astype(np.float16),
        }
        write_bytes(data_folder() / "music_space.npz", npz_bytes(arrays))
    embedder = MusicEmbedder()
    texts = [exemplar.abc for exemplar in exemplars]
    data = npz_bytes(packed(texts, embedder.embed(texts), embedder.id))
    write_bytes(data_folder() / "music_vectors.npz", data)
    print(f"{embedder.id}: {len(texts)} vectors, {len(data) / 1e3:.0f} kB")
    return 0


def score(exemplar: Exemplar) -> Score:
    """Return the played tune of an exemplar."""
    tune = parse(exemplar.abc)
    named = "Q" in tune.headers and any(char.isdigit() for char in tune.headers["Q"])
    meter, key = (tune.meter.numerator, tune.meter.denominator), (tune.key.tonic, tune.key.mode)
    return Score(events(tune), bar_starts(tune), meter, key, float(tune.tempo.qpm) if named else math.nan)


def first(tune: Score, chance: random.Random) -> Score:
    """Return the first half of the bars."""
    middle = len(tune.starts) // 2
    cut = tune.starts[middle]
    return replace(tune, rows=tune.rows[tune.rows["onset"] < cut - 1e-6], starts=tune.starts[:middle])


def second(tune: Score, chance: random.Random) -> Score:
    """Return the second half of the bars; all of them where it is silent."""
    middle = len(tune.starts) // 2
    cut = tune.starts[middle]
    rows = tune.rows[tune.rows["onset"] >= cut - 1e-6].copy()
    rows["onset"] -= cut
    return replace(tune, rows=rows, starts=tune.starts[middle:] - cut) if len(rows) else tune


def transposed(tune: Score, chance: random.Random) -> Score:
    """Return the tune up to a tritone higher or lower; its key is left to be found."""
    rows = tune.rows.copy()
    rows["pitch"][~rows["drum"]] += chance.choice([*range(-6, 0), *range(1, 7)])
    return replace(tune, rows=rows, key=("", "none"))


def ornamented(tune: Score, chance: random.Random) -> Score:
    """Return the tune with a third of its longer notes cut, turned or followed by a neighbour."""
    return _changed(tune, lambda note, after: _ornament(note, chance) if chance.random() < 0.35 else [note])


def varied(tune: Score, chance: random.Random) -> Score:
    """Return it as another plays it: thirds filled in, long notes rolled, weak ones left out."""
    return _changed(tune, lambda note, after: _variation(note, after, chance.random()))


def _changed(tune: Score, change: Callable[[list[Any], list[Any]], list[list[Any]]]) -> Score:
    notes = [list(row) for row in tune.rows.tolist()]
    made: list[list[Any]] = []
    for note, after in zip(notes, [*notes[1:], notes[-1]], strict=True):
        made += [note] if note[6] else change(note, after)
    rows = np.array([tuple(note) for note in made or notes], dtype=EVENT)
    return replace(tune, rows=rows[np.lexsort((rows["pitch"], rows["onset"]))])


def _ornament(note: list[Any], chance: random.Random) -> list[list[Any]]:
    length, step = note[1], chance.choice((-2, -1, 1, 2))
    kind = chance.choice(("cut", "turn", "neighbour")) if length >= 0.24 else ""
    if kind == "cut":
        return _split(note, (0, length / 8, abs(step)), (length / 8, length * 7 / 8, 0))
    if kind == "turn":
        half, quarter = length / 2, length / 4
        return _split(note, (0, half, 0), (half, quarter, step), (half + quarter, quarter, 0))
    return _split(note, (0, length / 2, 0), (length / 2, length / 2, step)) if kind else [note]


def _variation(note: list[Any], after: list[Any], luck: float) -> list[list[Any]]:
    length, leap = note[1], after[2] - note[2]
    if abs(leap) in (3, 4) and after[0] > note[0] and luck < 0.5:
        return _split(note, (0, length / 2, 0), (length / 2, length / 2, leap // 2))
    if length >= 0.99 and luck < 0.6:
        sixth = length / 6
        rest = [((3 + place) * sixth, sixth, step) for place, step in enumerate((2, 0, -1))]
        return _split(note, (0, length / 2, 0), *rest)
    return [] if note[0] % 1 > 0.2 and luck > 0.88 else [note]


def _split(note: list[Any], *parts: tuple[float, float, int]) -> list[list[Any]]:
    return [[note[0] + at, length, note[2] + step, *note[3:]] for at, length, step in parts]


VERSIONS: dict[str, Callable[[Score, random.Random], Score]] = {
    "full": lambda tune, chance: tune,
    "first": first, "second": second, "transposed": transposed, "ornamented": ornamented, "varied": varied,
}  # fmt: skip


def versions(exemplars: list[Exemplar], names: tuple[str, ...]) -> dict[str, tuple[Rows, Rows]]:
    """Return the features of the notes and of the manner of all versions, a row an exemplar."""
    scores = [score(exemplar) for exemplar in exemplars]
    found: dict[str, tuple[Rows, Rows]] = {}
    for name in names:
        tunes = [
            VERSIONS[name](tune, random.Random(f"{name}:{exemplar.id}")).heard()
            for tune, exemplar in zip(scores, exemplars, strict=True)
        ]
        found[name] = np.array([content(tune) for tune in tunes]), np.array([manner(tune) for tune in tunes])
    return found


def fit(found: dict[str, Rows]) -> tuple[Rows, Rows]:
    """Return the mean and the matrix of the discriminants, shapes (n,) and (n, CONTENT_DIM)."""
    within: Any = 0
    for name, weight in WEIGHTS.items():
        moved = found[name] - found["first" if name == "second" else "full"]
        within = within + weight * moved.T @ moved / (2 * len(moved))
    within += RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    ratios, vectors = eigh(np.cov(found["full"].T), within)
    best = np.argsort(-ratios, kind="stable")[:CONTENT_DIM]
    matrix = vectors[:, best] * ratios[best] ** POWER
    signs = np.sign(matrix[np.abs(matrix).argmax(axis=0), np.arange(CONTENT_DIM)])
    return found["full"].mean(axis=0), matrix * signs / np.abs(matrix).max()


def measure(exemplars: list[Exemplar]) -> None:
    """Print how well versions of the held-out half are found among all, and whose neighbours are alike."""
    found = versions(exemplars, tuple(VERSIONS))
    held = np.array([hashlib.sha256(one.id.encode()).digest()[0] % 2 == 1 for one in exemplars])
    mean, matrix = fit({name: rows[~held] for name, (rows, _) in found.items()})
    spaces: dict[str, Callable[[Rows, Rows], Rows]] = {
        "pitch classes": lambda notes, played: notes[:, :12] - mean[:12],
        "all features": lambda notes, played: notes - mean,
        "music space": lambda notes, played: joined(
            ((notes - mean) @ matrix).astype(np.float32), played.astype(np.float32)
        ),
    }
    print(f"{held.sum()} held-out pieces among {len(held)}")
    for name, space in spaces.items():
        rows = {version: _unit(space(*both)) for version, both in found.items()}
        told = [
            _ranks(rows[version][held], rows["full"], held)
            for version in ("transposed", "ornamented", "varied")
        ]
        told.append(_ranks(rows["second"][held], rows["full"], held, rows["first"][held]))
        print(f"{name}: transposed, ornamented, varied copy, second half to first: {'; '.join(told)}")
        print(f"  neighbours alike: {_alike(rows['full'], held, exemplars)}")


def _ranks(queries: Rows, rows: Rows, held: NDArray[np.bool_], partners: Rows | None = None) -> str:
    likeness, own = queries @ rows.T, np.flatnonzero(held)
    partner = likeness[np.arange(len(own)), own].copy()
    if partners is not None:
        partner = (queries * partners).sum(axis=1)
    likeness[np.arange(len(own)), own] = -2.0
    rank = 1 + (likeness > partner[:, None]).sum(axis=1)
    return f"first {np.mean(rank == 1):.3f}, in ten {np.mean(rank <= 10):.3f}, median {np.median(rank):.0f}"


def _alike(rows: Rows, held: NDArray[np.bool_], exemplars: list[Exemplar]) -> str:
    likeness, own = rows[held] @ rows.T, np.flatnonzero(held)
    likeness[np.arange(len(own)), own] = -2.0
    near = np.argsort(-likeness, axis=1, kind="stable")[:, :5]
    told = []
    for field in ("genre", "mode", "meter"):
        values = np.array([getattr(one, field) for one in exemplars])
        chance = float(((np.unique(values, return_counts=True)[1] / len(values)) ** 2).sum())
        told.append(f"{field} {(values[near] == values[own][:, None]).mean():.3f} (chance {chance:.3f})")
    return ", ".join(told)


def _unit(rows: Rows) -> Rows:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


if __name__ == "__main__":
    sys.exit(main())
