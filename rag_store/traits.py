"""What a band plays, as rules about genre ask for it: instruments, drum pattern, swing, meter, tempo."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from notation import Tune, Voice, events, instrument
from notation.instruments import DRUM_KIT
from rag_store.part_names import program_of

#: General MIDI keys of the bass drum and the snare drum.
KICK, SNARE = (35, 36), (38, 40)
#: Share of beats with a bass drum that makes "four on the floor", and of snare strokes on two and four that
#: make a backbeat.
ON_FLOOR, ON_BACKBEAT = 0.75, 0.6
#: Onsets between the beats that a judgement about swing needs.
LEAST_OFFBEATS = 6
_NEAR = 0.05  # quarter notes


@dataclass(frozen=True, slots=True)
class Traits:
    """How a piece is scored and moves; ``tempo`` in quarter notes a minute, nan where it names none."""

    programs: tuple[int, ...]  # General MIDI, of the pitched voices, in their order, each once
    drums: bool
    voices: int  # that sound, drums not counted
    meter: str
    tempo: float
    swung: bool
    backbeat: bool
    four_on_floor: bool


def traits(tune: Tune, tempo: float) -> Traits:
    """Return the traits of a tune; ``tempo`` is nan where it names none."""
    rows = events(tune)
    pitched = [voice for voice in tune.voices if voice.notes and not voice.percussion]
    drums = rows[rows["drum"]]
    pickup = sum(float(bar.duration) for bar in tune.voices[0].bars[:1] if bar.number == 0)
    return Traits(
        programs=tuple(dict.fromkeys(program for v in pitched if (program := _program(v)) is not None)),
        drums=len(drums) > 0,
        voices=len(pitched),
        meter=f"{tune.meter.numerator}/{tune.meter.denominator}",
        tempo=tempo,
        swung=_swung(rows),
        backbeat=_backbeat(drums, pickup),
        four_on_floor=_four_on_floor(drums, float(tune.performance.duration)),
    )


def instruments_of(tune: Tune) -> tuple[str, ...]:
    """Return the General MIDI names of what plays, in the order of the voices, each once."""
    names: list[str] = []
    for voice in tune.voices:
        if not voice.notes:
            continue
        program = _program(voice)
        if voice.percussion:
            names.append(DRUM_KIT)
        elif program is not None:
            names.append(instrument(program).name)
    return tuple(dict.fromkeys(names))


def _program(voice: Voice) -> int | None:
    """Return the program that a voice asks for, else the one that its name means, None if it says nothing."""
    return voice.program if voice.program is not None else program_of(voice.name)


def _swung(rows: NDArray[Any]) -> bool:
    """Whether more onsets fall on the third triplet of a beat than on its half."""
    place = rows["onset"] % 1.0
    late = int((np.abs(place - 2 / 3) < _NEAR).sum())
    half = int((np.abs(place - 1 / 2) < _NEAR).sum())
    first = int((np.abs(place - 1 / 3) < _NEAR).sum())
    return late >= LEAST_OFFBEATS and late > half and late > 2 * first


def _backbeat(drums: NDArray[Any], pickup: float) -> bool:
    strokes = drums[np.isin(drums["pitch"], SNARE)]
    place = (strokes["onset"] - pickup) % 2.0
    return len(strokes) > 1 and float((np.abs(place - 1.0) < _NEAR).mean()) >= ON_BACKBEAT


def _four_on_floor(drums: NDArray[Any], length: float) -> bool:
    strokes = drums[np.isin(drums["pitch"], KICK)]
    beats = np.unique(strokes["onset"].round(2))
    return len(beats) > 0 and float((beats % 1.0 < _NEAR).sum()) / max(math.floor(length), 1) >= ON_FLOOR
