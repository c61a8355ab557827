"""E_vt: the vector that a picture of a textual scene might have, for an encoder that knows pictures only.

Method
------
The words give some of the encoder's numbers: class probabilities (classes of the things named, the rest by
likeness of meaning between the text and the class names), the feeling, colours and bustle. All other numbers,
the network's features above all, are drawn from a Gaussian fitted on real pictures' vectors, given the known
ones [#gauss]_. So an imagined vector varies as real ones do. How far it still lies from real ones is measured
in ``benchmarks``.

References
----------
.. [#gauss] Conditional mean and covariance of a multivariate normal: Bishop (2006), Pattern Recognition and
   Machine Learning, section 2.3.1; the covariance is shrunk as in Ledoit & Wolf (2004), J. Multivar. Anal.
   88.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.distilling.textual import Told
from agent.offline.affect import TARGETS
from agent.offline.labels import members
from agent.offline.network import class_names
from agent.offline.reading import theme_table
from mapper.encoders import Encoder, Measured
from prompts import Scene
from rag_store.embed import MiniLM

Vectors = NDArray[np.float32]
#: Share of the covariance that is replaced by its diagonal, and variance that a number told by words has.
SHRINK, VAGUE = 0.1, 0.25
#: Label groups of the kinds of picture.
_ANIMALS = frozenset(("animal", "bird", "insect", "reptile", "sea animal"))
_PEOPLE = frozenset(("person", "clothing", "sport"))
_SCENERY = frozenset(
    ("forest", "countryside", "coast", "mountain", "water", "city", "building", "sacred", "sea", "sky",
     "meadow", "space", "snow", "landscape", "flower", "interior", "ship")
)  # fmt: skip
_SURE = 0.7  # share of the kind of picture that the words speak of


class Imagination:
    """Imagines vectors of textual scenes.

    Parameters
    ----------
    encoder
        Of the real pictures.
    real
        Their vectors, shape (n, dim).
    names
        Of the measures, in their order.
    top
        Mean of the largest class probability of the real pictures; the sharpness of likeness in meaning is
        set so that imagined probabilities have it too.
    """

    def __init__(self, encoder: Encoder, real: Vectors, names: Sequence[str], top: float) -> None:
        self.encoder, self.names, self.top = encoder, tuple(names), top
        exact = real.astype(np.float64)
        self.mean = exact.mean(0)
        covariance = np.cov(exact.T)
        self.covariance = (1 - SHRINK) * covariance + SHRINK * np.diag(np.diag(covariance) + 1e-6)
        self._solved: dict[bytes, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        self._sharpness: float | None = None

    def seen(self, scenes: Sequence[Told], seed: int, *, embedder: MiniLM | None = None) -> Vectors:
        """Return E_vt of textual scenes, shape (n, dim); the same scenes and seed give the same."""
        likeness = _likeness([one.telling.text for one in scenes], embedder or MiniLM())
        if self._sharpness is None:
            self._sharpness = _sharpness(likeness, self.top)
        meant = _softmax(likeness * self._sharpness)
        rows = np.zeros((len(scenes), self.encoder.dim), dtype=np.float32)
        for row, (one, rest) in enumerate(zip(scenes, meant, strict=True)):
            rows[row] = self.imagine(one, rest, seed)
        return rows

    def imagine(self, one: Told, rest: Vectors, seed: int) -> Vectors:
        """Return E_vt of one textual scene, shape (dim,).

        Parameters
        ----------
        rest
            Class probabilities for all that the things named leave over, shape (1000,).
        """
        chance = random.Random(f"{one.telling.text}|{seed}")  # noqa: S311  # repeatable, not secret
        return self._completed(*self._known(one, rest, chance), chance)

    def _known(self, one: Told, rest: Vectors, chance: random.Random) -> tuple[Vectors, NDArray[np.bool_]]:
        """Return a vector with the numbers that the words give, and which those are."""
        measures = [one.measures.get(name, np.nan) for name in self.names]
        filled = [0.0 if np.isnan(value) else value for value in measures]
        measured = Measured(
            np.zeros((1, 1280), np.float32),
            probabilities(one.scene, rest, chance)[None],
            np.array([filled], np.float32),
            np.array([affect(one.scene)], np.float32),
        )
        known = np.ones(self.encoder.dim, bool)
        blocks = self.encoder.blocks
        known[blocks["features"]] = False
        known[blocks["measures"]] = ~np.isnan(measures)
        return self.encoder.encode(measured)[0], known

    def _completed(self, vector: Vectors, known: NDArray[np.bool_], chance: random.Random) -> Vectors:
        """Return the vector with its other numbers drawn, given the known ones."""
        if known.tobytes() not in self._solved:
            inner = self.covariance[np.ix_(known, known)] + VAGUE * np.eye(int(known.sum()))
            gain = np.linalg.solve(inner, self.covariance[np.ix_(known, ~known)]).T
            left = self.covariance[np.ix_(~known, ~known)] - gain @ self.covariance[np.ix_(known, ~known)]
            values, vectors = np.linalg.eigh(left)
            root = np.asarray(vectors * np.sqrt(np.maximum(values, 0)), dtype=np.float64)
            self._solved[known.tobytes()] = np.asarray(gain, dtype=np.float64), root
        gain, root = self._solved[known.tobytes()]
        noise = np.random.default_rng(chance.getrandbits(48)).normal(size=root.shape[1])
        whole = vector.astype(np.float64)
        whole[~known] = self.mean[~known] + gain @ (vector[known] - self.mean[known]) + root @ noise
        return np.asarray(np.clip(whole, -6, 6), dtype=np.float32)


def probabilities(scene: Scene, rest: Vectors, chance: random.Random) -> Vectors:
    """Return class probabilities of a scene read from words, shape (1000,).

    Every thing named that has classes gives its probability to one to three of them; what is left goes to
    classes by likeness of meaning, ``rest``.
    """
    found = np.zeros(1000)
    for thing in scene.objects:
        indices = classes_of(thing.name)
        if indices:
            chosen = chance.sample(indices, min(len(indices), chance.choice((1, 1, 2, 3))))
            for index in chosen:
                found[index] += thing.probability / len(chosen)
    found *= min(1.0, 0.9 / max(found.sum(), 1e-9))
    return np.asarray(found + (1 - found.sum()) * rest, dtype=np.float32)


def affect(scene: Scene) -> list[float]:
    """Return valence, arousal and the shares of four kinds of picture, in the order of `TARGETS`."""
    where = {scene.setting, *(one.group for one in scene.objects[:1])}
    kind = (
        "person"
        if where & _PEOPLE
        else "animal"
        if where & _ANIMALS
        else "scenery"
        if where & _SCENERY
        else "object"
    )
    shares = [_SURE if name == kind else (1 - _SURE) / 3 for name in TARGETS[2:]]
    return [scene.emotion.valence, scene.emotion.arousal, *shares]


@functools.cache
def classes_of(name: str) -> tuple[int, ...]:
    """Return the indices of the classes that show a thing: its own, or those its theme's words name."""
    own = members(name)
    if own or name not in theme_table():
        return own
    words = [word.lstrip("=") for word in (name, *theme_table()[name]["words"]) if word[0] != "-"]
    never = [word[1:] for word in theme_table()[name]["words"] if word[0] == "-"]
    shows = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})s?\b")
    return tuple(
        index
        for index, known in enumerate(class_names())
        if shows.search(known.lower()) and not any(word in known.lower() for word in never)
    )


def _likeness(texts: Sequence[str], embedder: MiniLM) -> Vectors:
    """Return cosines of texts and class names, shape (n, 1000)."""
    return np.asarray(embedder.embed(list(texts)) @ _names(embedder).T, dtype=np.float32)


_known_names: dict[str, Vectors] = {}


def _names(embedder: MiniLM) -> Vectors:
    """Return the vectors of the class names, shape (1000, 384); made once a process."""
    key = str(embedder.folder)
    if key not in _known_names:
        _known_names[key] = embedder.embed([f"a photo of a {name}" for name in class_names()])
    return _known_names[key]


def _sharpness(likeness: Vectors, top: float) -> float:
    """Return the factor at which the softmax of likeness has a mean largest value of ``top``."""
    low, high = 1.0, 400.0
    middle = low
    for _ in range(40):  # bisection
        middle = (low * high) ** 0.5
        if float(_softmax(likeness * middle).max(1).mean()) < top:
            low = middle
        else:
            high = middle
    return middle


def _softmax(scores: Vectors) -> Vectors:
    raised = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True), dtype=np.float32)
