"""The critic: terms on hand-made tunes, ranking of damaged versions, the rule of acceptance."""

import math
import random
import re

import pytest

from agent.critic import Verdict, better, judge, rules
from evaluation import group_reference
from notation import Problem
from prompts import Emotion, Part, Plan, Rhythm, Tessitura

HEAD = """X:1
T:t
M:4/4
L:1/8
Q:1/4=100
%%score M H B
V:M name="Flute" clef=treble
V:H name="Piano" clef=treble
V:B name="Cello" clef=bass
K:C
V:M
%%MIDI program 73
"""
CHORDS = "[CEG]4 [CEG]4|[CFA]4 [CFA]4|[DGB]4 [DGB]4|[CEG]8|[CEA]4 [CEA]4|[DFA]4 [DFA]4|[DGB]4 [DFG]4|[CEG]8|]"
MELODY = "e2 dc e2 g2|f2 ed c2 A2|B2 cd g2 f2|e4 c2 z2|a2 gf e2 c2|f2 ga d'2 a2|g2 fe d2 B2|c6 z2|]"
BASS = "C,4 E,4|F,4 A,4|G,4 B,,4|C,8|A,,4 C,4|D,4 F,4|G,,4 F,,4|C,8|]"
NOTE = re.compile(r"[a-gA-G]'?")


def score(melody=MELODY, bass=BASS):
    return f"{HEAD}{melody}\nV:H\n%%MIDI program 0\n{CHORDS}\nV:B\n%%MIDI program 42\n{bass}\n"


def plan(density=3.7, center=72):
    return Plan(
        title="t",
        genre="air",
        emotion=Emotion(words=["calm"], valence=0, arousal=0),
        instruments=[Part(instrument="Flute", program=73, role="melody")],
        rhythm=Rhythm(words=["x"], density=density, note_length=1),
        tempo=100,
        key="C major",
        meter="4/4",
        form="AB",
        bars=8,
        tessitura=Tessitura(center=center, spread=36),
        description="x",
    )


def octaves_below(melody):
    """The melody two octaves lower, in the bass's voice."""
    names = {"d'": "D", "A": "A,,", "B": "B,,"}
    return NOTE.sub(lambda m: names.get(m[0], m[0][0].upper() + ","), melody)


def at_random(melody):
    rng = random.Random(3)
    return NOTE.sub(
        lambda _: rng.choice(["G", "A", "B", "c", "d", "e", "f", "g", "a", "b", "c'", "d'", "e'", "f'"]),
        melody,
    )


DAMAGED = {
    "random pitches": (at_random(MELODY), BASS),
    "one pitch": (NOTE.sub("c", MELODY), BASS),
    "equal notes": ("cdcd cdcd|" * 7 + "cdcd cdcd|]", BASS),
    "parallel octaves": (MELODY, octaves_below(MELODY)),
    "two octaves too high": (
        NOTE.sub(lambda m: m[0].lower() + ("'" if m[0].isupper() else "''"), MELODY),
        BASS,
    ),
}


def test_a_decent_tune_scores_well():
    verdict = judge(score(), plan())
    assert verdict.valid
    assert verdict.score > 0.9


@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_costs(damage):
    good, bad = judge(score(), plan()), judge(score(*DAMAGED[damage]), plan())
    assert bad.valid
    assert bad.score < good.score - 0.05
    assert not better(bad, good)[0]
    assert better(good, bad)[0]


@pytest.mark.parametrize(
    ("damage", "term"),
    [
        ("random pitches", "leap_share"),
        ("equal notes", "equal_run"),
        ("parallel octaves", "fault_rate"),
        ("two octaves too high", "register"),
    ],
)
def test_the_worst_term_names_the_damage(damage, term):
    assert judge(score(*DAMAGED[damage]), plan()).worst == term


def test_terms_are_measured_by_hand():
    tune = (
        "X:1\nM:4/4\nL:1/4\nQ:1/4=60\nV:M\nV:B\nK:C\nV:M\nc d e c|c'4|g c c c|c4|]\nV:B\nC,4|E,4|C,4|C,4|]\n"
    )
    terms = judge(tune, plan(density=1.0, center=70)).terms
    moves = [2, 2, -4, 12, -5, -7, 0, 0, 0]
    assert terms["step_share"] == pytest.approx(2 / 9)
    assert terms["leap_share"] == pytest.approx(3 / 9)
    assert terms["repeat_share"] == pytest.approx(3 / 9)
    assert terms["melody_range"] == 12
    # of the leaps +12 and -7 (a fifth or more) the first turns back, the second does not
    assert sum(abs(move) >= 7 for move in moves) == 2
    assert terms["unturned_leaps"] == pytest.approx(1 / 2)
    assert terms["peaks"] == 1
    assert terms["equal_run"] == pytest.approx(4 / 10)
    assert terms["chord_tones"] == pytest.approx(2 / 4)  # c over C twice; c' over E and g over C are not
    assert terms["density"] == pytest.approx(math.log2(14 / 16))
    assert terms["register"] == pytest.approx((72 + 74 + 76 + 72 + 84 + 79 + 72 * 4) / 10 - 70)
    assert terms["crossings"] == 0
    assert terms["empty_beats"] == 0
    assert terms["pitch_classes"] == 4


def test_crossings_count_bars():
    tune = "X:1\nM:4/4\nL:1/4\nV:M\nV:B\nK:C\nV:M\nc4|C4|c4|]\nV:B\nC,4|E4|C,4|]\n"
    assert judge(tune, plan()).terms["crossings"] == 1


def test_a_melody_alone_is_judged_without_harmony():
    terms = judge("X:1\nM:4/4\nL:1/8\nK:C\n" + MELODY + "\n", plan()).terms
    assert (terms["chord_tones"], terms["fault_rate"], terms["crossings"]) == (1.0, 0.0, 0.0)


def test_an_invalid_score_is_worth_nothing():
    verdict = judge(score().replace("g2 f2|", "g2|"), plan())
    assert (verdict.valid, verdict.score) == (False, 0.0)
    assert verdict.problems[0].code == "bar-length"


def verdict(value, problems=()):
    return Verdict(value, {}, {"a": 0.0}, problems)


def test_the_rule_of_acceptance():
    margin = rules()["margin"]
    broken = verdict(0.0, (Problem("error", 1, 1, "m", "h"),))
    assert better(verdict(0.5 + margin), verdict(0.5))[0]
    assert not better(verdict(0.5 + margin / 2), verdict(0.5))[0]
    assert not better(verdict(0.5), verdict(0.5))[0]
    assert not better(broken, verdict(0.1))[0]
    assert better(verdict(0.1), broken)[0]
    assert "margin" in better(verdict(0.5), verdict(0.5))[1]


def test_every_term_is_ruled_and_can_be_redone():
    terms = rules()["terms"]
    sung = judge(score(), plan(), lambda tune: 3)
    played = judge(score(), plan().model_copy(update={"genre": "nocturne"}))
    assert set(terms) == {*sung.terms, *played.terms}
    assert {record["redo"] for record in terms.values()} == {"melody", "harmony", "parts"}
    for record in terms.values():
        assert record["low"] <= record["high"]
        assert record["weight"] > 0 < record["scale"]


def test_a_copy_is_the_worst_finding():
    assert judge(score(), plan(), lambda tune: 7).score > judge(score(), plan(), lambda tune: 8).score
    assert judge(score(), plan(), lambda tune: 12).worst == "copied"


def test_a_genre_without_real_music_is_judged_without_it():
    alone = judge(score(), plan().model_copy(update={"genre": "film"}))
    known = judge(score(), plan())
    assert ("step_rate" in known.terms) and (group_reference("modern") is None) == (
        "step_rate" not in alone.terms
    )


def test_emotion_counts_against_the_plan():
    meant = plan().model_copy(update={"emotion": Emotion(words=["tense"], valence=-0.9, arousal=0.9)})
    assert judge(score(), meant).penalties["valence"] > judge(score(), plan()).penalties["valence"]
