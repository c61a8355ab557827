"""ABC notation and nothing else: reading, checking, playing order, note events."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from notation.check import check
from notation.engine import abcjs_source, abcjs_version
from notation.events import EVENT, bar_starts, events
from notation.fields import split
from notation.modes import MODES
from notation.parse import parse
from notation.tune import (
    Bar,
    KeyChange,
    Mark,
    MeterChange,
    Note,
    Performance,
    Problem,
    Rest,
    Sounding,
    TempoChange,
    Tune,
    Voice,
)

if TYPE_CHECKING:
    from notation.instruments import Instrument, ensemble, families, instrument, instruments
    from notation.stream import to_music21

_LATER = {
    "Instrument": "notation.instruments",
    "ensemble": "notation.instruments",
    "families": "notation.instruments",
    "instrument": "notation.instruments",
    "instruments": "notation.instruments",
    "to_music21": "notation.stream",
}

__all__ = [
    "EVENT",
    "MODES",
    "Bar",
    "Instrument",
    "KeyChange",
    "Mark",
    "MeterChange",
    "Note",
    "Performance",
    "Problem",
    "Rest",
    "Sounding",
    "TempoChange",
    "Tune",
    "Voice",
    "abcjs_source",
    "abcjs_version",
    "bar_starts",
    "check",
    "ensemble",
    "events",
    "families",
    "instrument",
    "instruments",
    "parse",
    "split",
    "to_music21",
]


def __getattr__(name: str) -> Any:
    """Import the parts that cost time, or that few need, when they are asked for."""
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module 'notation' has no attribute {name!r}")
