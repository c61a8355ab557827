"""Music to measure: event arrays by hand, and real pieces."""

import importlib.resources

import numpy as np
import pytest

from notation import EVENT, split


def _rows(*rows):
    """(onset, duration, pitch[, voice[, drum]]) with bars of four quarter notes."""
    array = np.zeros(len(rows), dtype=EVENT)
    for place, row in zip(array, rows, strict=True):
        onset, duration, pitch, voice, drum = (*row, *(0, False)[len(row) - 3 :])
        place["onset"], place["duration"], place["pitch"] = onset, duration, pitch
        place["voice"], place["drum"], place["bar"], place["velocity"] = voice, drum, int(onset // 4), 80
    return array[np.lexsort((array["pitch"], array["onset"]))]


@pytest.fixture(scope="session")
def rows():
    return _rows


CHORALE = """X:1
T:Four voices
M:4/4
L:1/4
Q:1/4=60
V:S
V:A
V:T clef=bass
V:B clef=bass
K:C
V:S
cded|c4|
V:A
EFGF|E4|
V:T
G,A,CA,|G,4|
V:B
C,D,C,D,|C,4|
"""

DRUMS = """X:1
M:4/4
L:1/4
V:M
V:D clef=perc
K:C
V:M
CEGc|CEGc|
V:D clef=perc
%%MIDI channel 10
%%MIDI drummap F 36
%%MIDI drummap c 38
[K:C clef=perc]
FcFc|FcFc|
"""


@pytest.fixture(scope="session")
def chorale():
    return CHORALE


@pytest.fixture(scope="session")
def drums():
    return DRUMS


@pytest.fixture(scope="session")
def pieces():
    """A dozen real pieces from the music21 corpus, and two of several voices."""
    root = importlib.resources.files("music21") / "corpus"
    found = []
    for book in ("ryansMammoth", "oneills1850", "airdsAirs"):
        paths = sorted((p for p in (root / book).iterdir() if p.name.endswith(".abc")), key=lambda p: p.name)
        tunes = [
            t
            for p in paths[:40:8]
            for t in split(p.read_text(encoding="utf-8", errors="replace"))
            if "K:" in t
        ]
        found += tunes[:: max(1, len(tunes) // 4)][:4]
    return [*found, CHORALE, DRUMS]
