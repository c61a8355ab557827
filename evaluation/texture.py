"""Texture metrics: how many notes sound together, and how much of the time is empty.

Conventions
-----------
``notes`` is the array of `notation.events`; time steps are ``1 / resolution`` quarter notes (see
`evaluation.grid`). Each metric has the formula of MusPy 0.5 (Dong et al., "MusPy", ISMIR 2020) and equals it
on the same grid.
"""

from __future__ import annotations

import math

import numpy as np

from chiaroscore import ControlError
from evaluation.grid import RESOLUTION, Notes, covered, merged, pitched, steps


def polyphony(notes: Notes, resolution: int = RESOLUTION) -> float:
    r"""Return the mean number of different pitches sounding while any sounds; NaN without notes.

    :math:`\#(\text{pitch, step pairs that sound}) / \#(\text{steps with a pitch})`. Percussion is left out.
    Source: MusPy ``polyphony``.
    """
    heard = pitched(notes)
    start, end = steps(heard, resolution)
    sounding = covered(start, end)
    if sounding < 1:
        return float("nan")
    first, last = merged(start, end, heard["pitch"].astype(np.int64))
    return float((last - first).sum() / sounding)


def polyphony_rate(notes: Notes, threshold: int = 2, resolution: int = RESOLUTION) -> float:
    r"""Return the share of time steps with more than ``threshold`` pitches sounding; NaN without length.

    :math:`\#(\text{steps with} > t \text{ pitches}) / \#(\text{steps})`; the default 2 therefore means three
    or more. Percussion is left out of the count but not of the length. Source: MusPy ``polyphony_rate``,
    after MuseGAN (Dong et al., AAAI 2018).
    """
    length = _length(notes, resolution)
    if length < 1:
        return float("nan")
    heard = pitched(notes)
    start, end = merged(*steps(heard, resolution), heard["pitch"].astype(np.int64))
    at = np.concatenate((start, end))
    change = np.concatenate((np.ones(len(start), int), -np.ones(len(end), int)))
    order = np.argsort(at, kind="stable")
    at, sounding = at[order], change[order].cumsum()
    spans = np.diff(at)
    return float(spans[sounding[:-1] > threshold].sum() / length) if len(at) else 0.0


def empty_beat_rate(notes: Notes, resolution: int = RESOLUTION) -> float:
    r"""Share of beats (quarter notes) in which no note sounds, drums counting as notes; NaN without length.

    :math:`1 - \#(\text{beats touched}) / (\lfloor \text{length}/\text{resolution} \rfloor + 1)`. As in
    MusPy's ``empty_beat_rate`` the end of a note is inclusive, so one that ends on a beat fills the next beat
    too, and a held note fills every beat it spans.
    """
    return _empty_rate(notes, resolution, resolution)


def empty_measure_rate(notes: Notes, measure: float, resolution: int = RESOLUTION) -> float:
    """Share of measures in which no note sounds, percussion counting as a note; NaN without length.

    The formula of `empty_beat_rate` with the measure's length; measures are laid from time 0 and all equally
    long. Source: MusPy ``empty_measure_rate``, after MuseGAN (Dong et al., AAAI 2018).

    Parameters
    ----------
    measure : float
        Length of a measure in quarter notes.

    Raises
    ------
    ControlError
        If the measure is shorter than one time step.
    """
    return _empty_rate(notes, measure_steps(measure, resolution), resolution)


def measure_steps(measure: float, resolution: int) -> int:
    """Length of a measure in time steps.

    Raises
    ------
    ControlError
        If it is shorter than one step or not finite.
    """
    span = round(measure * resolution) if math.isfinite(measure) else 0
    if span < 1:
        raise ControlError(
            f"a measure of {measure!r} quarter notes is shorter than one time step; give a longer one"
        )
    return span


def _empty_rate(notes: Notes, span: int, resolution: int) -> float:
    """Share of spans of ``span`` steps that no note touches, the note's last step included."""
    length = _length(notes, resolution)
    if length < 1:
        return float("nan")
    start, end = steps(notes, resolution)
    total = length // span + 1
    return 1.0 - covered(start // span, end // span + 1) / total


def _length(notes: Notes, resolution: int) -> int:
    """End of the last note in time steps, percussion included."""
    return int(steps(notes, resolution)[1].max()) if len(notes) else 0
