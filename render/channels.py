"""Which MIDI channel a voice plays on, and how loud and where on the stage it stands."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

from chiaroscore import RenderError
from notation import Tune, Voice

#: General MIDI keeps the tenth channel for percussion; channels are counted from 0 here, as in the file.
DRUM_CHANNEL = 9
_PITCHED = [channel for channel in range(16) if channel != DRUM_CHANNEL]


@dataclass(frozen=True, slots=True)
class Mix:
    """Controller values 0-127 a channel starts with."""

    volume: int
    pan: int
    reverb: int


def channels(tune: Tune) -> list[int]:
    """Return the channel (0-15) of each voice of ``tune``.

    Percussion voices share channel 9. Up to fifteen pitched voices get one channel each, in order; more than
    fifteen share one channel a program.

    Raises
    ------
    RenderError
        If more than fifteen pitched voices name more than fifteen different programs.
    """
    pitched = [index for index, voice in enumerate(tune.voices) if not voice.percussion]
    owners = pitched if len(pitched) <= len(_PITCHED) else [program(tune.voices[index]) for index in pitched]
    order = list(dict.fromkeys(owners))
    if len(order) > len(_PITCHED):
        raise RenderError(
            f"{len(order)} different instruments, and MIDI has {len(_PITCHED)} pitched channels; "
            "give some of the voices the same %%MIDI program"
        )
    given = dict(zip(pitched, owners, strict=True))
    return [
        _PITCHED[order.index(given[index])] if index in given else DRUM_CHANNEL
        for index in range(len(tune.voices))
    ]


def program(voice: Voice) -> int:
    """Return the General MIDI program 0-127 of a voice; a voice that names none plays the piano (0)."""
    return voice.program or 0


def mix(voice: Voice) -> Mix:
    """Return the volume, pan and reverb a voice starts with; ``data/mix.json`` states its source."""
    table = _table()
    if voice.percussion:
        row = table["percussion"]
    else:
        number = program(voice)
        row = next(
            family for family in table["families"] if family["programs"][0] <= number <= family["programs"][1]
        )
    return Mix(row["volume"], row["pan"], table["reverb"])


@functools.cache
def _table() -> dict[str, Any]:
    """Return the shipped mixing table."""
    table: dict[str, Any] = json.loads(
        resources.files("render").joinpath("data/mix.json").read_text(encoding="utf-8")
    )
    return table
