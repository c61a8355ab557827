"""Wishes that a snippet of music makes: its key, meter, density and, where it names one, its tempo."""

from __future__ import annotations

import math

from notation import parse
from rag_store.describe import measure
from rag_store.searching.wanted import Wanted, with_read


def read_music(abc: str, wanted: Wanted) -> Wanted:
    """Fill what is not asked outright from a snippet in ABC; its key is the one that is written.

    A tempo class that is asked keeps out its tempo.

    Raises
    ------
    NotationError
        If the snippet cannot be read, or has no key or no pitched notes.
    """
    tune = parse(abc)
    measured = measure(tune, trust=True)
    beats, unit = tune.meter.numerator, tune.meter.denominator
    found = {
        "mode": measured.key.mode,
        "tonic": measured.key.tonic,
        "meter": f"{beats}/{unit}" if unit else None,
        "density": round(measured.density, 3),
        "tempo": None if math.isnan(measured.tempo) or wanted.tempo_class else measured.tempo,
    }
    return with_read(wanted, found)
