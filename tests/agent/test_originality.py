"""The writer copies nothing: stretches that agree with an exemplar are mended, what is given is left."""

import itertools
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from agent.offline.writer.events import Event
from agent.offline.writer.harmony import Span
from agent.offline.writer.layout import Staff
from agent.offline.writer.line import LineStyle
from agent.offline.writer.meter import meter
from agent.offline.writer.originality import copied, guard_of, melody_of, original, original_staves
from agent.offline.writer.repitch import moves
from agent.offline.writer.setting import Setting
from agent.offline.writer.theory import Chord, Tone
from notation import parse
from rag_store.lines import tune_lines

SOURCE = "c2 de fg a2|b2 a2 g4|"
#: The source a fifth lower, step and alteration, and its lengths in quarter notes.
STEPS = ((24, 0), (25, 0), (26, 0), (27, -1), (28, 0), (29, 0), (30, 0), (29, 0), (28, 0))
LENGTHS = (F(1), F(1, 2), F(1, 2), F(1, 2), F(1, 2), F(1), F(1), F(1), F(2))


def line(steps=STEPS, lengths=LENGTHS, start=F(0)):
    starts = [start + at for at in itertools.accumulate(lengths, initial=F(0))]
    return [Event(at, length, (tone,)) for at, length, tone in zip(starts, lengths, steps, strict=False)]


def guard(*bodies):
    head = "X:1\nM:4/4\nL:1/8\nK:C\n"
    return guard_of(one for body in bodies for one in tune_lines(parse(head + body + "\n")))


@pytest.fixture
def setting():
    f_major = Chord("I", Tone(3, 0), "", (Tone(3, 0), Tone(5, 0), Tone(0, 0)))
    return Setting(
        meter("4/4"),
        Tone(3, 0),
        "major",
        [Span(F(0), F(64), f_major)],
        48,
        84,
        65,
        1.0,
        LineStyle(),
        True,
        16,
    )


def test_a_copy_is_found_at_any_height_and_in_any_note_values():
    own = line()
    assert copied(own, guard(SOURCE)) == [(0, 9)]
    assert copied(line(lengths=[2 * length for length in LENGTHS]), guard(SOURCE)) == [(0, 9)]
    assert copied(own[:7], guard(SOURCE)) == []
    other = [*own[:4], Event(own[4].start, own[4].length, ((30, 0),)), *own[5:]]
    assert copied(other, guard(SOURCE)) == []
    dotted = line(lengths=(F(1), F(1, 2), F(1, 2), F(3, 4), F(1, 4), *LENGTHS[5:]))
    assert copied(dotted, guard(SOURCE)) == []


def test_one_moved_note_mends_a_copy(setting):
    own = line()
    mended, free = original(own, setting, guard(SOURCE))
    assert free
    assert copied(mended, guard(SOURCE)) == []
    changed = [(a, b) for a, b in zip(own, mended, strict=True) if a != b]
    assert len(changed) == 1
    assert abs(changed[0][0].tones[0][0] - changed[0][1].tones[0][0]) <= 3
    assert [(e.start, e.length) for e in mended] == [(e.start, e.length) for e in own]


def test_a_melody_that_copies_nothing_is_left_as_it_is(setting):
    own = line()
    assert original(own, setting, guard("C2 G2 E2 c2|B,2 d2 A4|")) == (own, True)
    assert original([], setting, guard(SOURCE)) == ([], True)
    assert original(own[:1], setting, guard(SOURCE)) == (own[:1], True)


def test_a_return_is_mended_like_the_first_time(setting):
    own = [*line(), *line(start=F(16))]
    mended, free = original(own, setting, guard(SOURCE))
    assert free
    assert [event.tones for event in mended[:9]] == [event.tones for event in mended[9:]]


def test_given_bars_stay(setting):
    own = line()
    mended, _ = original(own, setting, guard(SOURCE), fixed={0})
    assert mended[:5] == own[:5]
    assert copied(mended, guard(SOURCE)) == []
    assert original(own, setting, guard(SOURCE), fixed={0, 1, 2}) == (own, True)


def test_moves_keep_the_high_point_the_last_note_and_the_range(setting):
    own = line()
    top = max(event.pitches[0] for event in own)
    assert moves(own, 6, setting) == []
    assert moves(own, 8, setting) == []
    for at in (1, 4, 7):
        for move in moves(own, at, setting):
            tried = Event(own[at].start, own[at].length, (move.tone,))
            assert setting.low <= tried.pitches[0] < top
            assert tried.tones[0][0] not in (own[at - 1].tones[0][0], own[at + 1].tones[0][0])


def test_chord_tones_and_free_motion_against_the_bass_are_cheaper(setting):
    own = line(((26, 0), (28, 0), (26, 0), (28, 0), (31, 0), (28, 0)), (F(1),) * 6)
    cost = {move.tone[0]: move.cost for move in moves(own, 2, setting)}
    # on the third beat over F major: F is a chord tone a fourth away, G a foreign one that skips
    assert cost[25] > cost[24] + 3
    # with a bass that goes from C to F, the move from C to F above it makes parallel octaves
    bass = tuple(Event(F(at), F(1), ((step, 0),)) for at, step in enumerate((16, 14, 17, 17, 17, 17)))
    parallel = {move.tone[0]: move.cost for move in moves(own, 2, replace(setting, bass=bass))}
    assert parallel[24] > cost[24] + 3
    assert parallel[29] == cost[29]


def test_a_doubled_melody_moves_with_it(setting):
    own = line()
    low = [Event(e.start, e.length, ((e.tones[0][0] - 7, e.tones[0][1]),)) for e in own]
    staves = [
        Staff("M", "Flute", "treble", 73, own),
        Staff("M2", "Cello", "bass", 42, low),
        Staff("B", "", "", 0, []),
    ]
    first, second, bass = original_staves(staves, setting, guard(SOURCE))
    assert first.events != own
    for above, below in zip(first.events, second.events, strict=True):
        assert above.tones[0][0] - below.tones[0][0] == 7
        assert above.tones[0][1] == below.tones[0][1]
    assert bass is staves[2]


def test_a_piece_says_what_it_comes_nearest_to(piece, agent_of_run):
    match = piece.originality
    assert 1 < match.notes <= 7
    assert match == agent_of_run.store.longest_match(piece.tune)
    assert piece.manifest()["originality"]["exemplar_id"] == match.exemplar_id
    assert agent_of_run.store.get(match.exemplar_id).title == match.title


def test_the_agents_writer_minds_the_whole_store(agent_of_run):
    exemplar = agent_of_run.store.get("oneills:0600")
    tune = tune_lines(parse(exemplar.abc))[0]
    events = [
        Event(F(int(at), 10080), F(1), ((0, int(p)),))
        for at, p in zip(tune.onset[:20], tune.pitch[:20], strict=True)
    ]
    assert copied(events, agent_of_run.writer.guard) == [(0, 20)]
    assert np.array_equal(melody_of(events).onset, tune.onset[:20])
