"""What the offline writer writes is read back as it was written; what a plan asks of a score."""

import re

import numpy as np
import pytest
from agent_plans import CELLO, DRUMS, FLUTE, FOUR, PIANO, plan_of

from agent.offline.writer.form import sections
from agent.tempo import METERS
from agent.vlm.score import bar_text, header_of, read_score, sections_text, spec_of, voices_text
from agent.vlm.score.layout import bar_places
from notation import events, instrument, parse
from prompts import score_grammar

#: What is always left out of a whole tune: its header, its MIDI lines, "rit." over the staff.
HARMLESS = {"header", "directive", "annotation"}


def test_the_offline_writers_music_comes_back(pieces):
    for plan, draft, tune, _ in pieces[::2]:
        music = re.split(r"^K:.*\n", draft.abc, maxsplit=1, flags=re.MULTILINE)[1]
        found = read_score(music, plan)
        assert found.problems == ()
        assert {one.code for one in found.repairs} <= HARMLESS
        assert np.array_equal(events(parse(found.abc)), events(tune))


def test_the_offline_writers_whole_tunes_come_back_letter_by_letter(pieces):
    for plan, draft, _, _ in pieces[:12]:
        assert read_score(draft.abc, plan).abc == re.sub(r'"\^[^"]*"', "", draft.abc)


def test_every_bar_has_its_place(pieces):
    plan, draft, _, _ = pieces[3]
    found = read_score(draft.abc, plan)
    lines = found.abc.split("\n")
    for (voice, number), (line, column) in bar_places(found.abc).items():
        assert lines[line - 1][column - 1 :].startswith(found.bars[voice][number - 1])


@pytest.mark.parametrize("meter", METERS)
def test_a_spec_fits_every_meter(meter):
    spec = spec_of(plan_of(FLUTE, PIANO, CELLO, DRUMS, meter=meter))
    top, bottom = map(int, meter.split("/"))
    assert sum(spec.beats) * bottom == 16 * top
    assert [voice.kind for voice in spec.voices] == ["line", "chords", "line", "drums"]
    assert [voice.symbols for voice in spec.voices] == [True, False, False, False]
    assert score_grammar(spec).lark


def test_a_spec_stays_within_the_players(pieces):
    for plan, *_ in pieces:
        players = {part.instrument: instrument(part.instrument) for part in plan.instruments}
        for voice in spec_of(plan).voices:
            if voice.kind != "drums":
                assert voice.high - voice.low >= 12
                assert any(p.low <= voice.low and voice.high <= p.high for p in players.values())


def test_the_header_is_the_one_of_the_score(pieces):
    plan, draft, _, _ = pieces[0]
    header = header_of(plan)
    assert re.sub(r"clef=\w+|%%MIDI.*\n", "", draft.abc).startswith(re.sub(r"clef=\w+", "", header))


def test_what_a_prompt_says_of_voices_bars_and_sections():
    assert voices_text(FOUR).split("\n") == [
        "[V:M] Flute, the melody, from Eb4 (_E) to Eb6 (_e')",
        "[V:B] Cello, the bass, from D2 (D,,) to D4 (D)",
    ]
    assert "F bass drum, c snare drum" in voices_text(plan_of(FLUTE, DRUMS))
    assert bar_text(plan_of(FLUTE, meter="7/8")) == "7/8: a bar holds 7 eighth notes, in beats of 2+2+3"
    assert sections_text(sections("AABA", 32)).split("\n") == [
        "A: bars 1-8", "A: bars 9-16, again, varied", "B: bars 17-24", "A: bars 25-32, again, varied",
    ]  # fmt: skip
