"""Faults of voice leading, found on the event array: fast enough for a writer's ranking loop.

Conventions
-----------
The pitched voices are ordered from high to low by mean pitch. Each is read as a line: its highest sounding
note, in the lowest voice its lowest. A *sonority* is the span between two neighbouring points where any note
starts or ends, in quarter notes. A gap of up to an eighth note inside a voice does not break its line
(staccato, breath); a longer rest does. Repeats are judged as they are played.

Rules, from Aldwell and Schachter, *Harmony and Voice Leading*, and Piston, *Harmony*: between two
neighbouring sonorities in which both voices move in the same direction,

* *parallel*: fifth to fifth, or octave or unison to octave or unison (compound intervals too);
* *direct* (hidden): any other interval to a fifth or octave, the upper voice leaping by over a whole tone;
* *crossing*: the lower voice climbs above the upper (counted when it begins);
* *spacing*: neighbouring voices move over an octave apart, the lowest pair over two (counted when it begins).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.grid import Notes, pitched
from evaluation.melody import voice_order

#: Longest gap in quarter notes that does not break a line.
BREATH = 0.5
#: Grid of the comparison: steps a quarter note, fine enough for tuplets and grace notes.
_STEPS = 480
_SILENT = -1000


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what, where it arrives (quarter notes), between which voices of ``Tune.voices``."""

    kind: (
        str  # "parallel fifths", "parallel octaves", "direct fifths", "direct octaves", "crossing", "spacing"
    )
    onset: float
    upper: int
    lower: int
    outer: bool  # between the highest and the lowest voice


@dataclass(frozen=True, slots=True)
class VoiceLeading:
    """Counts over all pairs of voices; ``outer_*`` between the highest and the lowest voice alone."""

    parallel_fifths: int
    parallel_octaves: int
    direct_fifths: int
    direct_octaves: int
    crossings: int
    wide_spacings: int
    outer_parallels: int
    outer_directs: int
    motions: int  # times both voices of a pair moved at once: what the faults are a share of
    faults: tuple[Fault, ...]

    @property
    def fault_rate(self) -> float:
        """Parallels and outer directs per 100 motions of a pair; NaN if no pair ever moves together."""
        bad = self.parallel_fifths + self.parallel_octaves + self.outer_directs
        return 100.0 * bad / self.motions if self.motions else float("nan")


def voice_leading(notes: Notes) -> VoiceLeading:
    """Find the faults of voice leading between all pairs of pitched voices; see the module for the rules.

    Parameters
    ----------
    notes : numpy.ndarray, dtype `notation.EVENT`
        Percussion is left out.
    """
    order = voice_order(notes)
    times, lines = _lines(pitched(notes), order)
    faults: list[Fault] = []
    motions = 0
    for high in range(len(order)):
        for low in range(high + 1, len(order)):
            outer = high == 0 and low == len(order) - 1
            found, moved = _moving_faults(lines[high], lines[low])
            motions += moved
            found += _standing_faults(
                lines[high], lines[low], neighbours=low == high + 1, bass=low == len(order) - 1
            )
            faults += [Fault(kind, float(times[at]), order[high], order[low], outer) for kind, at in found]
    faults.sort(key=lambda fault: (fault.onset, fault.upper, fault.lower, fault.kind))
    return _count(tuple(faults), motions)


def _count(faults: tuple[Fault, ...], motions: int) -> VoiceLeading:
    """Add up the faults by kind."""
    kinds = [fault.kind for fault in faults]
    outer = [fault.kind.split()[0] for fault in faults if fault.outer]
    return VoiceLeading(
        parallel_fifths=kinds.count("parallel fifths"),
        parallel_octaves=kinds.count("parallel octaves"),
        direct_fifths=kinds.count("direct fifths"),
        direct_octaves=kinds.count("direct octaves"),
        crossings=kinds.count("crossing"),
        wide_spacings=kinds.count("spacing"),
        outer_parallels=outer.count("parallel"),
        outer_directs=outer.count("direct"),
        motions=motions,
        faults=faults,
    )


def _lines(notes: Notes, order: list[int]) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Pitch of every voice in every sonority.

    Returns
    -------
    times : numpy.ndarray, shape (n_sonorities,)
        Starts of the sonorities in quarter notes.
    lines : numpy.ndarray, shape (n_voices, n_sonorities)
        MIDI pitches, voices from high to low; `_SILENT` where a voice rests.
    """
    start = np.rint(notes["onset"] * _STEPS).astype(np.int64)
    end = np.maximum(np.rint((notes["onset"] + notes["duration"]) * _STEPS).astype(np.int64), start + 1)
    for voice in order:
        own = np.flatnonzero(notes["voice"] == voice)
        end[own] = _without_breaths(start[own], end[own])
    times = np.unique(np.concatenate((start, end)))
    lines = np.full((len(order), len(times)), _SILENT, dtype=np.int16)
    for row, voice in enumerate(order):
        own = np.flatnonzero(notes["voice"] == voice)
        lowest = row == len(order) - 1 and row > 0
        # of several assignments to one place numpy keeps the last: sort the note that shall win to the end
        own = own[np.argsort(notes["pitch"][own].astype(int) * (-1 if lowest else 1), kind="stable")]
        first, last = np.searchsorted(times, start[own]), np.searchsorted(times, end[own])
        counts = last - first
        places = np.repeat(first - np.concatenate(([0], counts.cumsum()[:-1])), counts) + np.arange(
            counts.sum()
        )
        lines[row, places] = np.repeat(notes["pitch"][own], counts)
    return times / _STEPS, lines


def _without_breaths(start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """Draw out a voice's notes to the next onset where only a short gap lies between; their ends."""
    onsets = np.unique(start)
    following = np.append(onsets, np.iinfo(np.int64).max)[np.searchsorted(onsets, end)]
    return np.where(following - end <= BREATH * _STEPS, following, end)


def _moving_faults(upper: NDArray[Any], lower: NDArray[Any]) -> tuple[list[tuple[str, int]], int]:
    """Parallel and direct intervals of a pair as (kind, index of arrival), and how often both moved."""
    sound = (upper != _SILENT) & (lower != _SILENT)
    rise_up, rise_low = np.diff(upper.astype(int)), np.diff(lower.astype(int))
    moved = sound[1:] & sound[:-1] & (rise_up != 0) & (rise_low != 0)
    similar = moved & ((rise_up > 0) == (rise_low > 0))
    distance = np.abs(upper.astype(int) - lower.astype(int)) % 12
    found: list[tuple[str, int]] = []
    for name, size in (("fifths", 7), ("octaves", 0)):
        arrives, left = distance[1:] == size, distance[:-1] == size
        found += [(f"parallel {name}", int(at) + 1) for at in np.flatnonzero(similar & arrives & left)]
        leap = np.abs(rise_up) > 2
        found += [(f"direct {name}", int(at) + 1) for at in np.flatnonzero(similar & arrives & ~left & leap)]
    return found, int(np.count_nonzero(moved))


def _standing_faults(
    upper: NDArray[Any], lower: NDArray[Any], *, neighbours: bool, bass: bool
) -> list[tuple[str, int]]:
    """Crossings and wide spacings of one pair as (kind, index of the sonority where it begins)."""
    sound = (upper != _SILENT) & (lower != _SILENT)
    distance = upper.astype(int) - lower.astype(int)
    found = [("crossing", at) for at in _beginnings(sound & (distance < 0))]
    if neighbours:
        found += [("spacing", at) for at in _beginnings(sound & (distance > (24 if bass else 12)))]
    return found


def _beginnings(state: NDArray[np.bool_]) -> list[int]:
    """Return the indices where a state that did not hold begins to hold."""
    return [int(at) for at in np.flatnonzero(state & ~np.concatenate(([False], state[:-1])))]
