"""Revisions: what is asked for changes, the rest stays."""

from __future__ import annotations

import pathlib
from fractions import Fraction

import pytest

from agent import Agent, Piece
from agent.editing.manner import onsets
from agent.editing.score import read_score, write_score
from agent.keys import parse_key
from agent.moods import mood
from chiaroscore import ControlError
from evaluation.similarity import melodic_similarity
from notation import Tune, check, parse


@pytest.fixture(scope="module")
def piece(agent_of_run: Agent, picture: pathlib.Path) -> Piece:
    """A piece with a tune, a harmony and a bass."""
    return agent_of_run.compose(
        picture, genre="nocturne", key="D major", bars=16, tempo=80, instruments="flute, piano, cello", seed=1
    )


def rhythm(tune: Tune, voice: int = 0) -> list[tuple[Fraction, Fraction]]:
    return [(note.onset, note.duration) for note in tune.voices[voice].notes]


def letters(tune: Tune) -> list[str]:
    return [note.spelled.replace("#", "").replace("b", "") for note in tune.voices[0].notes]


def pitches(tune: Tune, voice: int = 0) -> list[int]:
    return [note.pitch for note in tune.voices[voice].notes]


def valid(piece: Piece) -> bool:
    return not [problem for problem in check(piece.abc) if problem.severity == "error"]


@pytest.mark.parametrize("genre", ["swing", "tango", "ambient"])
def test_a_score_is_read_as_it_was_written(agent_of_run: Agent, picture: pathlib.Path, genre: str) -> None:
    written = agent_of_run.compose(picture, genre=genre, bars=12)
    assert write_score(read_score(written.abc, written.plan)) == written.abc


def test_slower_changes_the_tempo_and_no_note(piece: Piece) -> None:
    slower = piece.revise("slower")
    assert parse(slower.abc).tempo.qpm == pytest.approx(0.85 * 80)
    assert [pitches(slower.tune, v) for v in range(3)] == [pitches(piece.tune, v) for v in range(3)]
    assert rhythm(slower.tune) == rhythm(piece.tune)
    assert piece.revise("at 90").plan.tempo == 90
    assert piece.revise("Presto").plan.tempo > 150


def test_a_transposition_moves_every_note_alike(piece: Piece) -> None:
    higher = piece.revise("up a tone")
    assert parse_key(higher.plan.key).name == "E major"
    assert {b - a for a, b in zip(pitches(piece.tune), pitches(higher.tune), strict=True)} == {2}
    assert melodic_similarity(piece.tune, higher.tune) == pytest.approx(1)
    lower = piece.revise("transpose to Bb")
    moved = {
        (b - a) % 12
        for v in (0, 1, 2)
        for a, b in zip(pitches(piece.tune, v), pitches(lower.tune, v), strict=True)
    }
    assert moved == {8}
    assert valid(higher) and valid(lower)


def test_in_minor_keeps_rhythm_and_letters(piece: Piece) -> None:
    minor = piece.revise("in minor")
    assert minor.plan.key == "D minor"
    assert rhythm(minor.tune) == rhythm(piece.tune)
    assert letters(minor.tune) == letters(piece.tune)
    sounding = [pitch % 12 for pitch in pitches(minor.tune)]
    assert sounding != [pitch % 12 for pitch in pitches(piece.tune)]
    inside = sum(pc in (2, 4, 5, 7, 9, 10, 0, 1) for pc in sounding)  # D minor with its leading note
    assert inside >= 0.85 * len(sounding)
    assert all(one.met for one in minor.obeyed if one.name == "key")
    assert valid(minor)
    back = minor.revise("in major")
    assert melodic_similarity(back.tune, piece.tune) > 0.8


def test_a_player_is_exchanged_and_the_notes_stay(piece: Piece) -> None:
    swapped = piece.revise("oboe instead of flute")
    assert swapped.plan.instruments[0].instrument == "Oboe"
    assert [a % 12 for a in pitches(swapped.tune)] == [a % 12 for a in pitches(piece.tune)]
    assert pitches(swapped.tune, 1) == pitches(piece.tune, 1)
    assert swapped.tune.voices[0].program == 68


def test_a_newcomer_gets_a_part_and_the_others_keep_theirs(piece: Piece) -> None:
    more = piece.revise("add a viola")
    names = [part.instrument for part in more.plan.instruments]
    new = names.index("Viola")
    assert more.tune.voices[new].notes
    assert [pitches(more.tune, v) for v in range(4) if v != new] == [pitches(piece.tune, v) for v in range(3)]
    less = more.revise("without viola")
    assert [pitches(less.tune, v) for v in range(3)] == [pitches(piece.tune, v) for v in range(3)]
    with pytest.raises(ControlError, match="has the melody"):
        piece.revise("without flute")
    with pytest.raises(ControlError, match="the players are Flute"):
        piece.revise("without trumpet")


def test_for_other_players_the_tune_stays(piece: Piece) -> None:
    quartet = piece.revise("for string quartet")
    assert sorted(part.instrument for part in quartet.plan.instruments) == [
        "Cello",
        "Viola",
        "Violin",
        "Violin",
    ]
    assert melodic_similarity(quartet.tune, piece.tune) == pytest.approx(1)
    assert valid(quartet)


def test_louder_moves_every_mark(piece: Piece) -> None:
    order = ("pp", "p", "mp", "mf", "f", "ff")
    louder = piece.revise("louder")
    for before, after in zip(piece.tune.voices, louder.tune.voices, strict=True):
        old = [mark.text for mark in before.dynamics if mark.text in order]
        new = [mark.text for mark in after.dynamics if mark.text in order]
        assert new == [order[min(5, order.index(mark) + 1)] for mark in old]
    assert pitches(louder.tune) == pitches(piece.tune)


def test_density_is_heard(piece: Piece) -> None:
    before = onsets(read_score(piece.abc, piece.plan))
    sparser, busier = piece.revise("sparser"), piece.revise("busier")
    assert onsets(read_score(sparser.abc, sparser.plan)) < 0.85 * before
    assert onsets(read_score(busier.abc, busier.plan)) > 1.2 * before
    assert pitches(busier.tune) == pitches(piece.tune)


def test_register_and_its_limits(piece: Piece) -> None:
    moved = piece.revise("higher" if max(pitches(piece.tune)) < 86 else "lower")
    assert {abs(b - a) for a, b in zip(pitches(piece.tune), pitches(moved.tune), strict=True)} == {12}
    with pytest.raises(ControlError, match="leaves the range"):
        piece.revise("an octave lower").revise("an octave lower")


def test_articulation(piece: Piece) -> None:
    short = piece.revise("staccato, at 160")
    assert any("staccato" in note.decorations for note in short.tune.voices[0].notes)
    smooth = short.revise("more legato")
    assert not any("staccato" in note.decorations for note in smooth.tune.voices[0].notes)
    assert any(note.slur_start for note in smooth.tune.voices[0].notes)


def test_moods_move_what_carries_them(piece: Piece) -> None:
    sad = piece.revise("sadder")
    assert parse_key(sad.plan.key).minor_third and sad.plan.tempo < 80
    fast = piece.revise("sadder, faster")
    assert parse_key(fast.plan.key).minor_third and fast.plan.tempo > 80
    named = piece.revise("melancholy")
    wanted = mood("melancholy")
    assert (named.plan.emotion.valence, named.plan.emotion.arousal) == (wanted.valence, wanted.arousal)
    assert parse_key(named.plan.key).minor_third


def test_another_meter_keeps_the_tune_recognisable(piece: Piece) -> None:
    waltz = piece.revise("as a waltz")
    assert waltz.plan.genre == "waltz" and waltz.tune.meter.numerator == 3
    assert all(bar.duration == 3 for voice in waltz.tune.voices for bar in voice.bars)
    old, new = pitches(piece.tune), pitches(waltz.tune)
    kept = [pitch for pitch in old]
    missing = sum(pitch not in kept for pitch in new)
    assert missing == 0 and len(new) >= 0.6 * len(old)
    assert waltz.remarks and "fitted" in waltz.remarks[0]
    assert valid(waltz)


def test_length(piece: Piece) -> None:
    short = piece.revise("12 bars")
    assert len(short.tune.voices[0].bars) == 12
    assert short.tune.voices[0].notes[-1].pitch % 12 == 2  # it ends on the tonic
    long = piece.revise("longer")
    assert len(long.tune.voices[0].bars) == 24
    timed = piece.revise("40 seconds")
    assert timed.tune.performance.seconds(timed.tune.performance.duration) == pytest.approx(40, abs=0.5)


def test_form_keeps_the_theme(piece: Piece) -> None:
    other = piece.revise("as ABAC")
    assert other.plan.form == "ABAC" and [s.letter for s in other.draft.form] == list("ABAC")
    first = [(n.onset, n.pitch) for n in piece.tune.voices[0].notes if n.bar <= 4]
    assert [(n.onset, n.pitch) for n in other.tune.voices[0].notes if n.bar <= 4] == first
    with pytest.raises(ControlError, match="needs at least 20 bars"):
        piece.revise("rondo")


def test_anew(piece: Piece) -> None:
    tune = piece.revise("another melody")
    assert [pitches(tune.tune, v) for v in (1, 2)] == [pitches(piece.tune, v) for v in (1, 2)]
    assert melodic_similarity(tune.tune, piece.tune) < 0.8
    chords = piece.revise("other chords")
    assert pitches(chords.tune) == pitches(piece.tune)
    assert chords.draft.chords != piece.draft.chords
    again = piece.revise("another melody")
    assert again.abc == tune.abc
    assert tune.revise("another melody").abc != tune.abc


def test_what_changes_nothing_is_said(piece: Piece) -> None:
    with pytest.raises(ControlError, match="in major already"):
        piece.revise("in major")
    with pytest.raises(ControlError, match="would bring the tempo"):
        piece.revise("at 40, in minor").revise("half tempo, in major").revise("half tempo")


def test_parents_are_kept(piece: Piece) -> None:
    child = piece.revise("slower").revise("in minor")
    rows = child.manifest()["parents"]
    assert [row["request"] for row in rows] == ["in minor", "slower"]
    assert child.parent is not None and child.parent.parent is piece
    assert rows[1]["abc_sha256"] == piece.manifest()["abc_sha256"]
    assert "parent" not in repr(child)
    assert any(cause.value == "slower" for cause in child.plan.causes["tempo"])


def test_a_darker_mode_strikes_the_feeling_that_was_asked_for(
    agent_of_run: Agent, picture: pathlib.Path
) -> None:
    bright = agent_of_run.compose(picture, genre="nocturne", bars=8, valence=0.5, seed=1)
    minor = bright.revise("in minor")
    assert "valence" in bright.controls.asked() and "valence" not in minor.controls.asked()
    assert any("valence" in remark and "no longer counts" in remark for remark in minor.remarks)
    assert "valence" in bright.revise("up a tone").controls.asked()
