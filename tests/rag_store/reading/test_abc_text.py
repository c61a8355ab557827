"""Transcripts written as ABC: nothing that was read is lost, and a musician can read it."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chiaroscore import InputError
from notation import Tune, check, parse
from rag_store.reading.abc_text import clean, to_abc
from rag_store.reading.measures import measures
from rag_store.reading.snap import snapped
from rag_store.reading.transcript import Meter, Part, Signature, Sound, Tempo, Transcript

F = Fraction
METERS = [(4, 4), (3, 4), (6, 8), (2, 2), (7, 8), (5, 4), (3, 8), (12, 8), (1, 8), (7, 16)]


def piece(*notes: tuple[Fraction | int, Fraction | int, int], program: int = 0, **more: object) -> Transcript:
    part = Part("", program, False, tuple(Sound(F(on), F(long), pitch) for on, long, pitch in notes))
    values: dict[str, object] = {"meters": (Meter(F(0), 4, 4),), "signatures": (Signature(F(0), 0, "major"),)}
    return Transcript((part,), **{**values, **more})  # type: ignore[arg-type]


def music(transcript: Transcript) -> list[str]:
    """The bars of the first voice."""
    lines = to_abc(transcript).split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("%%MIDI"))
    rows = [line for line in lines[start + 1 :] if line and not line.startswith(("V:", "%%"))]
    return [bar.strip() for row in rows for bar in row.replace("|]", "|").split("|") if bar.strip()]


def played(tune: Tune) -> Counter[tuple[Fraction, int, bool]]:
    return Counter((n.onset, n.pitch, tune.voices[n.voice].percussion) for n in tune.performance.notes)


def written(transcript: Transcript) -> Counter[tuple[Fraction, int, bool]]:
    return Counter((n.onset, n.pitch, part.drums) for part in transcript.parts for n in part.notes)


def assert_faithful(transcript: Transcript) -> Tune:
    abc = to_abc(transcript)
    tune = parse(abc)
    assert [str(problem) for problem in check(abc) if problem.severity == "error"] == [], abc
    assert played(tune) == written(transcript), abc
    assert tune.performance.duration == measures(transcript)[-1].end
    return tune


@st.composite
def parts(draw: st.DrawFn, drums: bool) -> Part:
    notes = {}
    for beat in draw(st.lists(st.integers(0, 11), max_size=8)):
        division = draw(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8]))
        onset = beat + F(draw(st.integers(0, division - 1)), division)
        pitch = draw(st.integers(35, 59) if drums else st.integers(30, 96))
        duration = F(draw(st.integers(1, 9)), draw(st.sampled_from([1, 2, division])))
        notes[onset, pitch] = Sound(onset, duration, pitch, draw(st.integers(20, 127)))
    return Part("", 0 if drums else draw(st.sampled_from([0, 40, 73])), drums, tuple(notes.values()))


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    first, second = draw(st.sampled_from(METERS)), draw(st.sampled_from(METERS))
    length = F(4 * first[0], first[1])
    return Transcript(
        parts=(draw(parts(False)), draw(parts(False)), draw(parts(True))),
        meters=(Meter(F(0), *first), Meter(draw(st.integers(1, 3)) * length, *second)),
        signatures=(
            Signature(F(0), draw(st.integers(-7, 7)), draw(st.sampled_from(["major", "minor", ""]))),
        ),
    )


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(transcripts())
def test_any_transcript_is_written_without_error_or_loss(transcript: Transcript) -> None:
    if any(part.notes for part in transcript.parts):
        assert_faithful(snapped(transcript))


def test_times_on_sixteenths_and_triplets_are_not_moved() -> None:
    transcript = piece((0, F(1, 3), 60), (F(1, 3), F(2, 3), 62), (F(5, 4), F(1, 4), 64))
    assert snapped(transcript) == transcript


def test_times_no_tuplet_holds_are_moved_by_a_48th_at_most() -> None:
    transcript = piece((F(1, 3), F(1, 5), 60), (F(3, 5), F(1, 11), 62))
    before, after = transcript.parts[0].notes, snapped(transcript).parts[0].notes
    assert after != before
    assert all(abs(a.onset - b.onset) <= F(1, 48) for a, b in zip(before, after, strict=True))
    assert_faithful(snapped(transcript))


def test_values_show_the_beats() -> None:
    assert music(piece((0, F(3, 2), 72), (F(3, 2), F(1, 2), 74), (2, 2, 76))) == ["c3d e4"]
    assert music(piece((F(1, 2), 1, 72), (F(3, 2), F(5, 2), 74))) == ["zc2d- d4"]


def test_notes_are_tied_over_bar_lines() -> None:
    assert music(piece((3, 3, 60))) == ["z6 C2-", "C4 z4"]


def test_triplets_stand_in_brackets() -> None:
    third = F(1, 3)
    assert music(piece(*((third * n, third, 60 + n) for n in range(3)), (1, 3, 72)))[0] == "(3:2:3C^CD =c6"
    long = piece(*((2 * third * n, 2 * third, 72) for n in range(3)), (2, 2, 72))
    assert music(long)[0] == "(3:2:3c2c2c2 c4"


def test_a_held_note_under_a_moving_one_goes_into_a_second_layer() -> None:
    held = piece((0, 4, 48), (0, 1, 72), (1, 1, 74), (2, 1, 76), (3, 1, 77))
    assert music(held) == ["c2 d2 e2 f2 & C,8"]
    assert assert_faithful(held).voices[1].notes[0].duration == 4


def test_one_breath_holds_one_note() -> None:
    assert music(piece((0, 4, 72), (1, 3, 74), program=73)) == ["c2 d6"]


def test_accidentals_hold_for_every_reading_of_their_reach() -> None:
    assert music(piece((0, 1, 66), (1, 1, 66), (2, 1, 65), (3, 1, 77))) == ["^F2 F2 =F2 =f2"]


def test_pitches_are_spelled_in_the_key() -> None:
    flats = piece((0, 1, 63), (1, 1, 70), (2, 2, 68), signatures=(Signature(F(0), -3, "minor"),))
    assert "K:Cm" in to_abc(flats)
    assert music(flats) == ["E2 B2 A4"]
    leading = piece((0, 2, 71), (2, 2, 72), (4, 4, 67), signatures=(Signature(F(0), -3, "minor"),))
    assert music(leading)[0] == "=B4 c4"


def test_a_key_that_the_notes_deny_is_judged_anew() -> None:
    scale = [
        66,
        68,
        70,
        71,
        73,
        75,
        77,
        78,
    ] * 3  # F sharp major, written in C by a program that knows no better
    denied = piece(*((n, 1, pitch) for n, pitch in enumerate(scale)))
    tune = assert_faithful(denied)
    assert (tune.key.tonic, tune.key.mode) in (("F#", "major"), ("Gb", "major"))
    assert "=" not in "".join(music(denied))


def test_meter_changes_reach_every_voice_wherever_the_line_breaks() -> None:
    meters = tuple(
        Meter(F(at), *meter) for at, meter in ((0, (4, 4)), (16, (2, 4)), (18, (6, 8)), (21, (4, 4)))
    )
    one = piece(*((n, 1, 60 + n % 12) for n in range(25)), meters=meters)
    other = Part("Bass", 32, False, (Sound(F(18), F(1), 40),))
    tune = assert_faithful(Transcript((*one.parts, other), meters, signatures=one.signatures))
    for voice in tune.voices:
        assert [(m.onset, m.numerator, m.denominator) for m in voice.meters] == [
            (m.onset, m.numerator, m.denominator) for m in meters
        ]


def test_a_pickup_is_a_short_first_bar() -> None:
    tune = assert_faithful(piece((0, 1, 67), (1, 4, 72), pickup=F(1)))
    assert [bar.duration for bar in tune.voices[0].bars] == [1, 4]


def test_key_and_tempo_changes_stand_at_bar_lines() -> None:
    keys = (Signature(F(0), 0, "major"), Signature(F(16), 3, "major"))
    tempi = (Tempo(F(0), 120.0), Tempo(F(4), 121.0), Tempo(F(16), 60.0))
    notes = [(n, 1, pitch) for n, pitch in enumerate([60, 64, 67, 72] * 4 + [69, 73, 76, 81])]
    tune = assert_faithful(piece(*notes, signatures=keys, tempi=tempi))
    assert [(key.onset, key.tonic) for key in tune.voices[0].keys] == [(0, "C"), (16, "A")]
    assert [(tempo.onset, tempo.qpm) for tempo in tune.performance.tempi] == [(0, 120.0), (16, 60.0)]


def test_a_tempo_inside_a_bar_counts_for_its_time() -> None:
    tempi = (Tempo(F(0), 120.0), Tempo(F(2), 60.0))
    tune = parse(to_abc(piece((0, 4, 60), tempi=tempi)))
    assert tune.performance.seconds(4) == pytest.approx(3.0, rel=0.01)


def test_drums_are_declared_and_last_to_the_next_stroke() -> None:
    strokes = [(0, 36), (0, 42), (F(1, 2), 42), (1, 38), (1, 42), (3, 35)]
    drums = Part("", 0, True, tuple(Sound(F(at), F(1, 8), key) for at, key in strokes))
    transcript = Transcript((drums,), (Meter(F(0), 4, 4),))
    abc = to_abc(transcript)
    assert "%%MIDI drummap F 36" in abc
    assert "[K:C clef=perc] [Fg]g [cg]2 z2 C2 |]" in abc
    assert_faithful(transcript)


def test_loudness_is_marked_where_it_changes() -> None:
    notes = tuple(Sound(F(n), F(1), 60, 50 if n < 8 else 100) for n in range(16))
    bars = music(Transcript((Part("", 0, False, notes),), (Meter(F(0), 4, 4),)))
    assert [bar.count("!") for bar in bars] == [2, 0, 2, 0]
    assert bars[0].startswith("!p!") and bars[2].startswith("!f!")


def test_a_title_cannot_leave_its_field() -> None:
    assert clean('a\n%%MIDI "b"\\c\x00d') == "a MIDI 'b' c d"
    tune = parse(to_abc(piece((0, 4, 60), title="X\nK:G\n[V:2] %%score")))
    assert (tune.title, tune.key.tonic, len(tune.voices)) == ("X K:G [V:2] score", "C", 1)


def test_a_piece_without_notes_is_refused() -> None:
    with pytest.raises(InputError, match="no notes"):
        to_abc(Transcript((Part("", 0, False, ()),), (Meter(F(0), 4, 4),)))
