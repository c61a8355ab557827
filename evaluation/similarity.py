"""How alike melodies are, whatever their key and tempo, and how diverse a set of pieces is.

Conventions
-----------
The melody of a tune is the top line of its first pitched voice as played, grace notes left out. A note is
followed by an *interval* in semitones and, from note to note, by a *ratio* of times between onsets in five
classes: half or less, shorter, equal, longer, double or more. Similarities lie in [0, 1], 1 for melodies that
are equal but for key and tempo; NaN where a melody has fewer than `LEAST` notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from evaluation.edits import edit_distances
from notation import Tune

#: Successive intervals in an n-gram.
N = 3
#: Notes that a melody needs for one n-gram.
LEAST = N + 1

Matrix = NDArray[np.float64]
Words = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Diversity:
    """Pairwise similarity of a set of melodies.

    ``ngrams`` and ``edits`` are symmetric, shape (n_tunes, n_tunes), 1 on the diagonal: `melodic_similarity`
    and the second opinion `edit_similarity`. The figures are of ``ngrams`` over all pairs, NaN without one.
    """

    ngrams: Matrix
    edits: Matrix
    median: float
    quantiles: tuple[float, float, float]  # 0.05, 0.25 and 0.95
    median_edits: float
    closest: tuple[int, int]  # the most similar pair


def melodic_similarity(a: Tune, b: Tune) -> float:
    r"""Return the n-gram similarity of two melodies, Ukkonen's measure.

    .. math:: 1 - \frac{\sum_g |f_a(g) - f_b(g)|}{\sum_g f_a(g) + f_b(g)}

    with :math:`f(g)` the number of times that three successive intervals with the two time ratios between
    them occur. Ukkonen (1992), "Approximate string-matching with q-grams and maximal matches", Theoretical
    Computer Science 92; in this normalised form for melodies by Müllensiefen and Frieler (2004), "Cognitive
    adequacy in the measurement of melodic similarity", Computing in Musicology 13 (their Ukkonen measure),
    there on intervals alone.
    """
    return float(ngram_similarities([melody(a), melody(b)])[0, 1])


def edit_similarity(a: Tune, b: Tune) -> float:
    """Return 1 minus the edit distance of two melodies' intervals over the longer one's number of them.

    Levenshtein distance with unit costs on intervals, one of Müllensiefen and Frieler's measures; rhythm
    plays no part.
    """
    return float(edit_similarities([melody(a), melody(b)])[0, 1])


def diversity(tunes: Sequence[Tune]) -> Diversity:
    """Return how alike the melodies of some tunes are, pair by pair."""
    lines = [melody(tune) for tune in tunes]
    ngrams, edits = ngram_similarities(lines), edit_similarities(lines)
    pairs = np.triu_indices(len(lines), 1)
    values, others = ngrams[pairs], edits[pairs]
    if not np.isfinite(values).any():
        nan = float("nan")
        return Diversity(ngrams, edits, nan, (nan, nan, nan), nan, (0, 0))
    best = int(np.nanargmax(values))
    low, quarter, high = (float(value) for value in np.nanquantile(values, (0.05, 0.25, 0.95)))
    return Diversity(
        ngrams, edits, float(np.nanmedian(values)), (low, quarter, high), float(np.nanmedian(others)),
        (int(pairs[0][best]), int(pairs[1][best])),
    )  # fmt: skip


def melody(tune: Tune) -> Matrix:
    """Return onset in quarter notes and MIDI pitch of a tune's melody, shape (n_notes, 2), by onset."""
    voices = [number for number, voice in enumerate(tune.voices) if voice.notes and not voice.percussion]
    notes = [note for note in tune.performance.notes if voices and note.voice == voices[0] and not note.grace]
    rows = np.array([(float(note.onset), note.pitch) for note in notes], dtype=np.float64).reshape(-1, 2)
    rows = rows[np.lexsort((-rows[:, 1], rows[:, 0]))]
    first = np.diff(rows[:, 0], prepend=-1.0) > 1e-9
    return np.asarray(rows[first])


def ngram_similarities(melodies: Sequence[Matrix]) -> Matrix:
    """Return `melodic_similarity` of all pairs of melodies, shape (n, n)."""
    words = [_ngrams(line) for line in melodies]
    owner = np.repeat(np.arange(len(words)), [len(one) for one in words])
    found, columns = np.unique(
        np.concatenate([*words, np.zeros((0, 2 * N - 1), np.int64)]), axis=0, return_inverse=True
    )
    shape = (len(words), max(1, len(found)))
    counts = sparse.coo_array((np.ones(len(owner)), (owner, columns.ravel())), shape=shape).tocsr()
    counts.sum_duplicates()
    shared = np.zeros((len(words), len(words)))
    for least in range(
        1, int(counts.data.max()) + 1 if counts.nnz else 1
    ):  # min(a, b) counted level by level
        level = (counts >= least).astype(np.float64)
        shared += (level @ level.T).toarray()
    sizes = np.array([len(one) for one in words], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.where(np.minimum.outer(sizes, sizes) > 0, 2 * shared / np.add.outer(sizes, sizes), np.nan)


def edit_similarities(melodies: Sequence[Matrix]) -> Matrix:
    """Return `edit_similarity` of all pairs of melodies, shape (n, n)."""
    moves = [np.diff(line[:, 1]).astype(np.int64) for line in melodies]
    sizes = np.array([len(one) if len(one) >= N else 0 for one in moves], dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        likeness = 1 - edit_distances(moves) / np.maximum.outer(sizes, sizes)
    return np.where(np.minimum.outer(sizes, sizes) > 0, likeness, np.nan)


def _ngrams(line: Matrix) -> Words:
    """Return the n-grams of a melody as rows: `N` intervals, then the ratios between them."""
    if len(line) < LEAST:
        return np.zeros((0, 2 * N - 1), np.int64)
    moves = np.diff(line[:, 1]).astype(np.int64)
    ratios = time_ratios(line)
    count = len(moves) - N + 1
    columns = [moves[at : at + count] for at in range(N)]
    columns += [ratios[at : at + count] for at in range(N - 1)]
    return np.stack(columns, axis=1)


def time_ratios(line: Matrix) -> Words:
    """Return the class, -2 to 2, of each time between onsets against the one before, shape (n_notes - 2,)."""
    gaps = np.maximum(np.diff(line[:, 0]), 1e-6)
    steps = np.log2(gaps[1:] / gaps[:-1])
    return np.where(np.abs(steps) < 0.05, 0, np.sign(steps) * (1 + (np.abs(steps) > 0.95))).astype(np.int64)
