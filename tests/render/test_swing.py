"""Swing moves the offbeat in the sound, and nothing else."""

import io
from fractions import Fraction as F

import mido
import pytest

from chiaroscore import RenderError
from notation import parse
from render import midi
from render.swing import swung

STRAIGHT = "X:1\nT:t\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\nCDEF G/A/B/c/ d2|e8|]\n"


def onsets(data: bytes) -> list[int]:
    track = mido.MidiFile(file=io.BytesIO(data)).tracks[1]
    at, found = 0, []
    for message in track:
        at += message.time
        if message.type == "note_on" and message.velocity:
            found.append(at)
    return found


def test_full_swing_puts_the_offbeat_on_the_last_triplet() -> None:
    assert onsets(midi(STRAIGHT)) == [0, 240, 480, 720, 960, 1080, 1200, 1320, 1440, 1920]
    assert onsets(midi(STRAIGHT, swing=1.0)) == [0, 320, 480, 800, 960, 1120, 1280, 1360, 1440, 1920]


def test_half_swing_goes_half_the_way() -> None:
    assert onsets(midi(STRAIGHT, swing=0.5))[1] == 280


def test_length_and_notes_stay() -> None:
    straight, bent = (mido.MidiFile(file=io.BytesIO(midi(STRAIGHT, swing=s))) for s in (0.0, 0.7))
    assert straight.length == pytest.approx(bent.length)
    assert len(onsets(midi(STRAIGHT, swing=0.7))) == 10


def test_compound_meters_do_not_swing() -> None:
    jig = "X:1\nM:6/8\nL:1/8\nK:G\nGAB cde|g6|]\n"
    assert midi(jig, swing=1.0) == midi(jig)


def test_the_grid_starts_after_a_pickup() -> None:
    played = swung(parse("X:1\nM:4/4\nL:1/8\nK:C\nG|CDEF GABc|c7|]\n"), 1.0)
    assert played(F(1, 2)) == F(1, 2)
    assert played(F(1)) == F(1, 2) + F(2, 3)


@pytest.mark.parametrize("swing", [-0.1, 1.5, float("nan")])
def test_what_is_no_swing_is_refused(swing: float) -> None:
    with pytest.raises(RenderError, match="swing is"):
        midi(STRAIGHT, swing=swing)
