"""What real music measures like, by genre group, or of a folder of one's own.

Conventions
-----------
A *reference* is a table of the metrics of closeness, one row an excerpt of at most `EXCERPT` bars. Pieces are
cut the same way before they are compared, since many metrics grow with length. A reference made of tune books
is *monophonic*: what is compared with it is cut to its melody.

``evaluation/data/reference.json`` holds the shipped ones: statistics only, no music.
``scripts/build_reference.py`` makes it and says from what.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import ControlError
from evaluation.measure import measure
from evaluation.sample import Sample, as_sample, excerpt, from_first_note, melody_only
from notation import Tune

#: The metrics of closeness: one or two of each of pitch, time, texture, structure, harmony and melody.
CLOSENESS = (
    "scale_consistency", "pitch_class_entropy", "pitch_entropy", "key_clarity", "empty_beat_rate", "mean_ioi",
    "grooving_similarity", "polyphony", "structure_mid", "progression_irregularity", "cadence_rate",
    "step_rate",
)  # fmt: skip
#: The same where the reference is monophonic: a melody's polyphony is 1, so its lengths take the place.
CLOSENESS_MELODY = tuple("duration_entropy" if name == "polyphony" else name for name in CLOSENESS)
#: Bars of an excerpt, and the fewest that a second excerpt of a piece may have.
EXCERPT, FEWEST = 32, 16


@dataclass(frozen=True)
class Reference:
    """Real music of one kind, measured."""

    name: str
    monophonic: bool
    metrics: tuple[str, ...]
    values: NDArray[np.float64]  # shape (n_rows, n_metrics); NaN where a metric says nothing
    pieces: NDArray[np.int64]  # number of the piece each row is of, shape (n_rows,)
    about: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of every metric, shape (n_metrics,)."""
        found: NDArray[np.float64] = np.nanmean(self.values, axis=0)
        return found

    @property
    def sd(self) -> NDArray[np.float64]:
        """Standard deviation of every metric, shape (n_metrics,)."""
        found: NDArray[np.float64] = np.nanstd(self.values, axis=0, ddof=1)
        return found


def prepared(piece: Tune | Sample, *, monophonic: bool) -> Sample:
    """Return what of a piece is compared: its first `EXCERPT` bars of music, its melody alone if asked for.

    The written key is put aside: most recorded music names none, so all keys are estimated.
    """
    sample = excerpt(from_first_note(as_sample(piece)), EXCERPT)
    sample = melody_only(sample) if monophonic else sample
    return dataclasses.replace(sample, key=None)


def closeness_row(piece: Tune | Sample, *, monophonic: bool) -> NDArray[np.float64]:
    """Return the metrics of closeness of a piece, prepared, shape (12,)."""
    found = measure(prepared(piece, monophonic=monophonic))
    return np.array([found[name] for name in metrics_of(monophonic)])


def metrics_of(monophonic: bool) -> tuple[str, ...]:
    """Return the names of the metrics of closeness."""
    return CLOSENESS_MELODY if monophonic else CLOSENESS


def reference_of(pieces: Iterable[Tune | Sample], name: str) -> Reference:
    """Return a reference of pieces of one's own, monophonic if every one of them is.

    Raises
    ------
    ControlError
        If there are fewer than two pieces.
    """
    samples = [as_sample(piece) for piece in pieces]
    if len(samples) < 2:
        raise ControlError(f"the reference {name!r} has {len(samples)} piece; give two or more")
    monophonic = all(one_voice(sample) for sample in samples)
    rows = [closeness_row(sample, monophonic=monophonic) for sample in samples]
    return Reference(name, monophonic, metrics_of(monophonic), np.array(rows), np.arange(len(rows)))


def one_voice(sample: Sample) -> bool:
    """Whether a piece is a melody alone: hardly ever two pitches at once."""
    return measure(sample)["polyphony"] < 1.05


@functools.cache
def reference_table() -> dict[str, Any]:
    """Return ``data/reference.json`` as it is."""
    text = resources.files("evaluation").joinpath("data/reference.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@functools.cache
def group_reference(group: str) -> Reference | None:
    """Return the shipped reference of a genre group, None where there is no real music of it at hand.

    A group that is joined to another has that one's (``latin``: ``jazz``); ``about["joined"]`` says so.

    Raises
    ------
    ControlError
        If there is no such group.
    """
    groups = reference_table()["groups"]
    if group not in groups:
        raise ControlError(f"unknown genre group {group!r}; choose one of {', '.join(groups)}")
    entry = groups[group]
    if entry is None:
        return None
    if "joined" in entry:
        other = group_reference(entry["joined"])
        about = {"joined": entry["joined"], "note": entry.get("note", "")}
        return other and dataclasses.replace(other, name=group, about={**other.about, **about})
    values = np.array([[np.nan if v is None else v for v in row] for row in entry["values"]], dtype=float)
    about = {key: entry[key] for key in ("sources", "note") if key in entry}
    return Reference(
        group,
        entry["monophonic"],
        tuple(entry["metrics"]),
        values,
        np.array(entry["pieces_of_values"]),
        about=about,
    )


def standardised(values: NDArray[np.float64], reference: Reference) -> NDArray[np.float64]:
    """Return values in standard deviations from the reference's mean; 0 where that cannot be said.

    That is where a value is NaN, and where the reference never varies.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_rows, n_metrics)
    """
    sd = reference.sd
    z = (values - reference.mean) / np.where(sd > 1e-9, sd, np.inf)
    return np.where(np.isfinite(z), z, 0.0)


def rows_of(pieces: Sequence[Tune | Sample], reference: Reference) -> NDArray[np.float64]:
    """Return the pieces' metrics as the reference measures them, shape (n_pieces, n_metrics)."""
    return np.array([closeness_row(piece, monophonic=reference.monophonic) for piece in pieces])
