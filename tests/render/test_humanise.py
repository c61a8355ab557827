"""A performance departs a little from the score, and breaks nothing."""

import io
import itertools
import statistics
from collections import Counter

import mido
import pytest

from render import midi
from render.humanise import DRIFT, FARTHEST, LEAD, MOST, MOTOR, SPREAD

TUNE = """X:1
T:t
M:4/4
L:1/8
Q:1/4=120
%%score M H D
V:M name="Flute"
V:H name="Piano"
V:D name="Drum Kit" clef=perc
K:C
V:M
%%MIDI program 73
{melody}
V:H
%%MIDI program 0
{harmony}
V:D
%%MIDI channel 10
%%MIDI drummap F 36
{drums}
""".format(
    melody="cdef gabc'|c'bag fedc|ccee ggc'c'|c'4 c4|" * 4,
    harmony="[CEG]2[CEG]2 [FAc]2[FAc]2|[G,B,D]4 [CEG]4|[CEG]8|[CEG]4[CEG]4|" * 4,
    drums="FFFF FFFF|" * 16,
)
#: Milliseconds a tick at 120 quarter notes a minute.
MS = 500 / 480


def keys(data):
    """(track, pitch, on, off, velocity) of every key; fails where ons and offs do not alternate."""
    found = []
    for number, track in enumerate(mido.MidiFile(file=io.BytesIO(data)).tracks):
        at, down = 0, {}
        for message in track:
            at += message.time
            if message.type == "note_on":
                assert message.note not in down, "a key is struck while it is down"
                down[message.note] = (at, message.velocity)
            elif message.type == "note_off":
                on, velocity = down.pop(message.note)
                assert at > on
                found.append((number, message.note, on, at, velocity))
        assert not down
    return sorted(found)


def paired(seed):
    straight, played = keys(midi(TUNE)), keys(midi(TUNE, humanise=seed))
    assert Counter(key[:2] for key in straight) == Counter(key[:2] for key in played)
    return list(zip(straight, played, strict=True))


def test_a_seed_gives_its_bytes_and_none_gives_the_score():
    assert midi(TUNE, humanise=3) == midi(TUNE, humanise=3)
    assert midi(TUNE, humanise=3) != midi(TUNE, humanise=4)
    assert midi(TUNE) == midi(TUNE, humanise=None) != midi(TUNE, humanise=0)


@pytest.mark.parametrize("seed", range(4))
def test_departures_are_small_and_drums_tighter(seed):
    moved = {number: [] for number in (1, 2, 3)}
    for straight, played in paired(seed):
        assert straight[:2] == played[:2]
        moved[straight[0]].append((played[2] - straight[2]) * MS / 1000)
        assert abs(played[4] - straight[4]) <= MOST + 14
    reach = FARTHEST + LEAD + 2 * SPREAD + 0.003
    assert all(abs(seconds) <= reach for own in moved.values() for seconds in own)
    flute, drums = statistics.pstdev(moved[1]), statistics.pstdev(moved[3])
    assert 0.003 < flute < 1.6 * (MOTOR**2 + DRIFT**2) ** 0.5
    assert drums < flute


def test_over_seeds_the_lead_is_ahead_and_chords_break_from_below():
    ahead, spread = [], []
    for seed in range(8):
        pairs = paired(seed)
        ahead += [p[2] - s[2] for s, p in pairs if s[0] == 1]
        chord = sorted((p[1], p[2]) for s, p in pairs if s[0] == 2 and s[2] == 1920)
        spread += [later[1] - first[1] for first, later in itertools.pairwise(chord)]
    assert -0.015 < statistics.mean(ahead) * MS / 1000 < -0.002
    assert spread and min(spread) > 0


def test_downbeats_are_accented():
    gained = {0: [], 3: []}
    for seed in range(8):
        for straight, played in paired(seed):
            place = straight[2] % 1920
            rank = 0 if place == 0 else 3 if place % 480 else None
            if straight[0] == 3 and rank is not None:
                gained[rank].append(played[4] - straight[4])
    assert statistics.mean(gained[0]) > statistics.mean(gained[3]) + 1.5


def test_the_notes_of_a_voice_keep_their_order():
    fast = "X:1\nM:4/4\nL:1/64\nQ:1/4=300\nK:C\n" + "CDEFGABc" * 8 + "|" + "[CEG][DFA]" * 32 + "|]\n"
    for seed in range(3):
        played = keys(midi(fast, humanise=seed))
        straight = keys(midi(fast))
        order = [key[1] for key in sorted(straight, key=lambda k: (k[2], k[1]))]
        assert [key[1] for key in sorted(played, key=lambda k: (k[2], k[1]))] == order


def test_the_end_slows_where_no_drums_keep_time():
    lone = "X:1\nM:4/4\nL:1/4\nQ:1/4=100\nK:C\nCDEF|GABc|cBAG|c4|]\n"
    straight, played = (mido.MidiFile(file=io.BytesIO(data)) for data in (midi(lone), midi(lone, humanise=1)))
    assert straight.length < played.length < straight.length + 2.5
    tempi = [m.tempo for m in played.tracks[0] if m.type == "set_tempo"]
    assert tempi == sorted(tempi) and len(tempi) > 2
    with_drums = mido.MidiFile(file=io.BytesIO(midi(TUNE, humanise=1)))
    assert [m.type for m in with_drums.tracks[0]].count("set_tempo") == 1
