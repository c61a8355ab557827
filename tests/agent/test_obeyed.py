"""Whether requests are met, measured on the score: every check passes what it should and fails the rest."""

from __future__ import annotations

import json
import re

import pytest

from agent.controls import Controls
from agent.obeyed import Obeyed, Part, missed, obeyed, obeyed_of_record
from notation import check

HEAD = "X:1\nT:Tune\nR:waltz\nM:3/4\nL:1/4\nQ:1/4=120\n"
VOICES = 'V:M name="Flute"\nV:B name="Cello"\nK:D dor\n'
FLUTE = "V:M\n%%MIDI program 73\n"
CELLO = "V:B\n%%MIDI program 42\n"
#: Eight bars, AB: D dorian, flute and cello, 3/4, 24 quarter notes at 120: 12 seconds.
MELODY = "DFA|d2A|BAG|A3|fed|e2c|dAF|D3|]\n"
BASS = "D,3|D,3|G,3|A,3|F,3|A,3|A,3|D,3|]\n"
TUNE = HEAD + VOICES + FLUTE + MELODY + CELLO + BASS
SECTIONS = (Part("A", 0, 4), Part("B", 4, 4))


def one(name: str, value: object, abc: str = TUNE, sections: tuple[Part, ...] = ()) -> Obeyed:
    [found] = obeyed(abc, Controls.parse(**{name: value}), sections)
    assert found.name == name and found.how
    return found


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("tempo", 120, 110),
        ("tempo", 124, 126),
        ("tempo", "Allegro", "Andante"),
        ("key", "D dorian", "D minor"),
        ("key", "D dorian", "C major"),
        ("meter", "3/4", "6/8"),
        ("bars", 8, 9),
        ("duration", 12.5, 14),
        ("genre", "waltz", "minuet"),
        ("instruments", "cello, flute", "flute"),
        ("instruments", "cello, flute", "cello, oboe"),
        ("density", 2.5, 4.5),
        ("density", "sparse", "medium"),
        ("register", "middle", "high"),
        ("register", "A4", "F5"),
        ("register", 68, 58),
    ],
)
def test_a_request_is_met_by_its_score_and_not_by_another(name, right, wrong):
    good, bad = one(name, right), one(name, wrong)
    assert good.met, good
    assert not bad.met, bad
    assert good.measured == bad.measured or name in ("key", "tempo")


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("tempo", 120, "Q:1/4=120", "Q:1/4=90"),
        ("key", "D dorian", "K:D dor", "K:E dor"),
        ("meter", "3/4", "M:3/4", "M:4/4"),
        ("meter", "3/4", "BAG|A3", "BAGG|A3"),
        ("bars", 8, "fed|e2c|", "fed|"),
        ("duration", 12, "Q:1/4=120", "Q:1/4=60"),
        ("genre", "waltz", "R:waltz", "R:jig"),
        ("genre", "waltz", "Q:1/4=120", "Q:1/4=240"),
        ("instruments", "flute, cello", "program 42", "program 43"),
        ("instruments", "flute, cello", BASS, "Z|Z|Z|Z|Z|Z|Z|Z|]\n"),
        ("density", 2.5, "Q:1/4=120", "Q:1/4=240"),
        ("register", "B4", MELODY, MELODY.upper()),
    ],
)  # fmt: skip
def test_an_altered_score_is_found_out(name, value, old, new):
    assert one(name, value).met
    altered = TUNE.replace(old, new)
    assert altered != TUNE
    assert not one(name, value, altered).met


def test_a_key_field_that_lies_is_found_out():
    higher = "EGB|e2B|^cBA|B3|g^fe|^f2d|eBG|E3|]\n"
    bass = "E,3|E,3|A,3|B,3|G,3|B,3|B,3|E,3|]\n"
    lying = HEAD + VOICES + FLUTE + higher + CELLO + bass
    found = one("key", "D dorian", lying)
    assert not found.met and "ends on E" in found.measured
    honest = HEAD + VOICES.replace("K:D dor", "K:E dor") + FLUTE + higher + CELLO + bass
    assert one("key", "E dorian", honest).met


def test_the_third_tells_major_from_minor():
    major = TUNE.replace("F", "^F").replace("f", "^f")
    assert not one("key", "D dorian", major).met


def test_a_ritardando_moves_the_duration():
    slower = TUNE.replace("fed|", "[Q:1/4=60]fed|")
    assert not one("duration", 12, slower).met
    assert one("duration", 18, slower).met
    assert not one("tempo", 120, slower).met


def test_form_compares_melodies():
    again = "DFA|d2A|BAG|A3|"
    other = "fed|e2c|dAF|E3|"

    def tune(*parts: str) -> str:
        return HEAD + VOICES + FLUTE + "".join(parts)[:-1] + "|]\n" + CELLO + "D,3|" * 4 * len(parts) + "\n"

    aba = (Part("A", 0, 4), Part("B", 4, 4), Part("A", 8, 4))
    assert one("form", "ABA", tune(again, other, again), aba).met
    assert not one("form", "ABA", tune(again, other, other), aba).met
    assert not one("form", "ABA", tune(again, again, again), aba).met
    assert not one("form", "AABA", tune(again, other, again), aba).met
    assert not one("form", "ABA").met  # nobody knows where the sections are
    ornamented = "DFA|d3/2c/2A|BAG|A3|"
    assert one("form", "ABA'", tune(again, other, ornamented), aba).met


def test_feelings_are_measured():
    bright = HEAD.replace("=120", "=190") + "K:D\nd/2f/2a/2f/2b/2g/2|a/2f/2e/2c/2d/2f/2|e/2c/2B/2c/2d|]\n"
    dark = HEAD.replace("=120", "=50") + "K:Dphr\n!pp!D,3|F,2E,|A,2B,|D,3|]\n"
    assert one("valence", 0.7, bright).met and not one("valence", -0.5, bright).met
    assert one("arousal", 0.5, bright).met and not one("arousal", -0.5, bright).met
    assert one("mood", "melancholy", dark).met and not one("mood", "joyful", dark).met
    assert not one("mood", "melancholy", bright).met


def test_nothing_asked_nothing_to_check():
    assert obeyed(TUNE, Controls.parse(seed=4)) == ()


def test_requests_of_a_finished_piece_are_met(agent_of_run, picture):
    asked = {
        "tempo": 150, "key": "E minor", "meter": "4/4", "bars": 16, "instruments": "flute, harp, cello",
        "density": "medium", "register": "C5", "form": "ABA'", "valence": -0.2, "seed": 5,
    }  # fmt: skip
    piece = agent_of_run.compose(picture, **asked)
    assert check(piece.abc) == []
    assert [found.name for found in piece.obeyed] == [name for name in Controls.parse(**asked).asked()][:-1]
    assert missed(piece.obeyed) == []
    record = json.loads(json.dumps(piece.manifest()))
    assert [entry["met"] for entry in record["obeyed"]] == [True] * len(piece.obeyed)
    assert obeyed_of_record(record, piece.abc) == piece.obeyed
    assert Controls.from_record(record["request"]) == piece.controls
    faster = re.sub(r"(Q:.*=)\d+", r"\g<1>111", piece.abc)
    assert missed(obeyed_of_record(record, faster))[0].name == "tempo"


@pytest.mark.parametrize(("density", "low", "high"), [("sparse", 0, 3.5), ("dense", 8, 40), (5, 4, 6.25)])
def test_density_is_written_as_asked(agent_of_run, picture, density, low, high):
    piece = agent_of_run.compose(picture, density=density, tempo=110, meter="4/4", bars=12, genre="film")
    [found] = [one for one in piece.obeyed if one.name == "density"]
    assert found.met and low <= float(found.measured.split()[0]) <= high
    assert check(piece.abc) == []


def test_a_sweep_of_random_requests_is_obeyed(built_store):
    from agent import Agent
    from agent.picture import open_picture
    from benchmarks.controls import PICTURES, Remembering, sweep

    pictures = [open_picture(path) for path in sorted(PICTURES.glob("*.jpg"))[:2]]
    found = sweep(Agent(perceiver=Remembering()), pictures, 20, seed=11)
    assert found.failed == [] and found.missed == []
    assert found.accepted >= 10 and sum(found.refused.values()) >= 1
