"""Bars of a score: where they stand in the text, and when they sound."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest

from agent.explaining.bars import bars_of, played_seconds, section_at
from agent.offline.writer.form import sections
from notation import parse
from render import midi
from render.timeline import timeline

#: Its last note comes too early for a final ritard.
REPEATED = (
    "X:1\nM:2/4\nL:1/4\nQ:1/4=60\nV:1\nV:2\nK:C\n"
    "V:1\n|: CD | [1 GA :| [2 c2 | [Q:1/4=120] z2 |]\n"
    "V:2\n|: C,2 | [1 G,2 :| [2 C,2 | z2 |]\n"
)


def test_every_bar_is_found_in_every_voice_of_the_text(piece):
    bars = bars_of(piece.tune, piece.draft.form)
    assert [bar.number for bar in bars] == list(range(1, 9))
    for bar in bars:
        assert len(bar.spans) == len(piece.tune.voices)
        inside = [note for voice in piece.tune.voices for note in voice.notes if note.bar == bar.number]
        assert all(
            any(low <= note.span[0] and note.span[1] <= high for low, high in bar.spans) for note in inside
        )
    sounding = {bar.number for bar in bars if any(n.bar == bar.number for n in piece.tune.performance.notes)}
    assert len(sounding) >= 7


def test_repeats_endings_and_tempi_are_followed():
    bars = bars_of(parse(REPEATED), ())
    assert [bar.times for bar in bars] == [
        ((0.0, 2.0), (4.0, 6.0)), ((2.0, 4.0),), ((6.0, 8.0),), ((8.0, 9.0),),
    ]  # fmt: skip
    assert {bar.section for bar in bars} == {0}


def test_the_clock_is_that_of_the_sound(piece):
    """The bars begin where a MIDI file with the final ritard, and no other departure, has its notes."""
    bars = bars_of(piece.tune, piece.draft.form)
    played = timeline(midi(piece.tune, humanise=1))
    on = [float(at) for at, message in played.messages if message.type == "note_on"]
    begun = [bar.times[0][0] for bar in bars if any(n.bar == bar.number for n in _downbeats(piece.tune))]
    assert len(begun) >= 6
    assert all(min(abs(at - start) for at in on) < 0.06 for start in begun)
    assert bars[-1].times[-1][1] == pytest.approx(float(played.seconds), abs=0.08)
    plain = piece.tune.performance.seconds(piece.tune.performance.duration)
    drums = any(voice.percussion for voice in piece.tune.voices)
    assert drums or bars[-1].times[-1][1] > plain + 0.2  # it slows


def _downbeats(tune):
    starts = {bar.onset for bar in tune.voices[0].bars}
    return [note for voice in tune.voices for note in voice.notes if note.onset in starts]


def test_bars_follow_on_each_other(piece):
    bars = bars_of(piece.tune, piece.draft.form)
    assert bars[0].times[0][0] == 0
    assert all(one.times[0][1] == after.times[0][0] for one, after in itertools.pairwise(bars))


def test_sections_hold_their_bars(piece):
    form = sections("intro ABA' coda", 20)
    starts = {section.start + 1: at for at, section in enumerate(form)}
    for first, at in starts.items():
        assert section_at(form, first) == at and section_at(form, first - 1) == max(at - 1, 0)
    assert section_at(form, 99) == len(form) - 1


def test_a_pickup_keeps_its_number_and_a_tune_without_music_has_no_bars():
    bars = bars_of(parse("X:1\nM:4/4\nL:1/4\nQ:1/4=60\nK:C\nG | CDEF | G3 |]\n"), sections("AB", 4))
    assert [(bar.number, bar.section, bar.times) for bar in bars] == [
        (0, 0, ((0.0, 1.0),)), (1, 0, ((1.0, 5.0),)), (2, 0, ((5.0, 8.0),)),
    ]  # fmt: skip
    assert played_seconds(parse(REPEATED))(Fraction(7)) == 7.0
