"""The emotion of a score: labelled sets' means, contrasts on real tunes, hand-counted cues, speed."""

import importlib.resources
import json
import math
import re
import time

import numpy as np
import pytest

from evaluation.cues import consonance, cues, modal_happiness, shortness
from evaluation.emotion import score_emotion, standing, weigh
from notation import events, parse, split

TABLE = json.loads((importlib.resources.files("evaluation") / "data" / "emotion.json").read_text("utf-8"))
PLACES = {"V+A+": (1, 1), "V-A+": (-1, 1), "V-A-": (-1, -1), "V+A-": (1, -1)}
#: Means of 1,078 piano clips (Hung et al. 2021) and 204 pieces of game music (Ferreira and Whitehead 2019).
EMOPIA = {
    "note_density": (9.521, 11.164, 5.227, 5.206),
    "onset_density": (5.74, 6.862, 4.03, 3.976),
    "loudness": (77.323, 78.691, 54.395, 53.003),
    "note_seconds": (0.747, 0.73, 1.436, 1.284),
    "major": (0.808, 0.272, 0.435, 0.729),
}
VGMIDI = {
    "tempo": (139, 124, 100, 98),
    "note_density": (9.1, 8.2, 3.9, 5.0),
    "note_seconds": (0.33, 0.43, 1.0, 0.66),
    "major": (0.57, 0.28, 0.30, 0.63),
}
#: Happiness of major and of minor as pieces are: ionian; aeolian with its seventh raised half of the time.
MAJOR, MINOR = 0.83, 0.34 + 0.19 / 2


def _means(table, quadrant):
    found = {name: values[quadrant] for name, values in table.items() if name != "major"}
    share = table["major"][quadrant]
    return {**found, "mode": share * MAJOR + (1 - share) * MINOR}


def test_the_means_of_the_set_that_the_weights_come_from_stand_half_way_out():
    arousal = [weigh(_means(EMOPIA, quadrant))[1] for quadrant in range(4)]
    assert min(arousal[:2]) > 0.25 and max(arousal[2:]) < -0.25
    assert arousal[0] + arousal[1] == pytest.approx(-(arousal[2] + arousal[3]), abs=0.1)


def test_the_quadrants_of_another_set_come_out_in_their_order():
    found = [weigh(_means(VGMIDI, quadrant)) for quadrant in range(4)]
    valence, arousal = zip(*found, strict=True)
    assert min(valence[0], valence[3]) > max(valence[1], valence[2]) + 0.1
    assert min(arousal[0], arousal[1]) > max(arousal[2], arousal[3]) + 0.2


def test_modes_stand_as_listeners_ordered_them():
    """Scales with all degrees equally long give the figures of Temperley and Tan 2013."""
    published = {
        "C": 0.83, "Cmix": 0.64, "Clyd": 0.58, "Cdor": 0.40, "Cm": 0.34, "Cphr": 0.21,
    }  # fmt: skip
    for key, figure in published.items():
        notes = events(parse(f"X:1\nM:7/4\nL:1/4\nK:{key}\nCDEFGAB|\n"))
        assert modal_happiness(notes, 0) == pytest.approx(figure, abs=0.08), key
    ranked = sorted(
        published,
        key=lambda key: modal_happiness(events(parse(f"X:1\nM:7/4\nL:1/4\nK:{key}\nCDEFGAB|\n")), 0),
    )
    assert ranked[::-1] == list(published)


def test_consonance_by_hand():
    """A major triad has a major and a minor third and a fifth: (.386 + .594 + 1.240) / 3; Huron 1994."""
    triad = events(parse("X:1\nM:4/4\nL:1/1\nK:C\n[CEG]|\n"))
    assert consonance(triad) == pytest.approx((0.386 + 0.594 + 1.240) / 3)
    half = events(parse("X:1\nM:2/1\nL:1/1\nK:C\n[CEG] [B,C]|\n"))
    assert consonance(half) == pytest.approx((0.386 + 0.594 + 1.240 - 1.428) / 4)
    tritone = events(parse("X:1\nM:4/4\nL:1/1\nK:C\n[FB]|\n"))
    assert consonance(tritone) == pytest.approx(-0.453)
    assert math.isnan(consonance(events(parse("X:1\nM:4/4\nL:1/1\nK:C\nC|\n"))))


def test_cues_by_hand():
    """Two bars at 120, dotted quarters at 80 in six-eight: eight notes in 4.5 seconds."""
    tune = parse("X:1\nM:6/8\nL:1/8\nQ:3/8=80\nK:C\n(.C.D.E FGA)|[CG]6|\n")
    found = cues(tune)
    seconds = 12 / 2 * 60 / 120
    assert found["tempo"] == pytest.approx(80)
    assert found["note_density"] == pytest.approx(8 / seconds)
    assert found["onset_density"] == pytest.approx(7 / seconds)
    assert found["note_seconds"] == pytest.approx((6 * 0.25 + 2 * 1.5) / 8)
    assert found["articulation"] == pytest.approx((3 - 6) / 8)
    assert found["percussion"] == 0
    assert found["register"] == pytest.approx((sum((60, 62, 64, 65, 67, 69)) * 0.25 + 127 * 1.5) / 4.5)


def test_tempo_changes_count_by_their_time():
    tune = parse("X:1\nM:4/4\nL:1/4\nQ:1/4=60\nK:C\nCDEF|[Q:1/4=120]CDEF|\n")
    assert cues(tune)["tempo"] == pytest.approx(8 * 60 / (4 + 2))
    assert cues(tune)["note_seconds"] == pytest.approx((4 + 2) / 8)


def test_percussion_raises_arousal_and_has_no_pitch(drums):
    with_drums = score_emotion(parse(drums))
    plain = score_emotion(parse("X:1\nM:4/4\nL:1/4\nK:C\nCEGc|CEGc|\n"))
    assert with_drums.arousal > plain.arousal
    assert with_drums.valence == pytest.approx(plain.valence)
    assert with_drums.cues["register"] == pytest.approx(plain.cues["register"])


@pytest.fixture(scope="module")
def tunes():
    """Twelve real tunes in major with their own notes: hornpipes, reels and jigs of Ryan's collection."""
    root = importlib.resources.files("music21") / "corpus" / "ryansMammoth"
    found = []
    for path in sorted((p for p in root.iterdir() if p.name.endswith(".abc")), key=lambda p: p.name):
        for abc in split(path.read_text(encoding="utf-8", errors="replace")):
            if re.search(r"^K: ?[A-G][b#]?\s*$", abc, re.M) and not re.search(r"^Q:", abc, re.M):
                found.append(re.sub(r"^(K:)", r"Q:1/4=110\n\1", abc, count=1, flags=re.M))
    return found[:: max(1, len(found) // 12)][:12]


def _played(abc, **changes):
    """A tune with its tempo, key or first mark changed."""
    if "tempo" in changes:
        abc = abc.replace("Q:1/4=110", f"Q:1/4={changes['tempo']}")
    if "mode" in changes:
        abc = re.sub(r"^K: ?([A-G][b#]?)\s*$", rf"K:\1{changes['mode']}", abc, flags=re.M)
    if "mark" in changes:
        abc = re.sub(r"^(K:.*\n)", rf"\1!{changes['mark']}!", abc, count=1, flags=re.M)
    if "octave" in changes:
        abc = re.sub(r"^(K:.*)$", rf"\1 octave={changes['octave']}", abc, count=1, flags=re.M)
    return score_emotion(parse(abc))


@pytest.mark.parametrize(
    ("less", "more", "axis", "least"),
    [
        ({"mode": "m"}, {}, "valence", 0.3),
        ({"mode": "phr"}, {"mode": "m"}, "valence", 0.05),
        ({"mode": "m"}, {"mode": "mix"}, "valence", 0.15),
        ({"tempo": 70}, {"tempo": 140}, "arousal", 0.3),
        ({"tempo": 70}, {"tempo": 140}, "valence", 0.0),
        ({"mark": "p"}, {"mark": "f"}, "arousal", 0.2),
        ({"octave": -1}, {}, "valence", 0.1),
    ],
)
def test_one_cue_of_real_tunes_moves_the_score_as_published(tunes, less, more, axis, least):
    """Mode and register move valence, tempo and loudness arousal, in every tune (Eerola et al. 2013)."""
    assert len(tunes) == 12
    change = [getattr(_played(abc, **more), axis) - getattr(_played(abc, **less), axis) for abc in tunes]
    assert min(change) >= 0
    assert np.mean(change) > least


def test_mode_moves_valence_most_and_tempo_arousal_most(tunes):
    def moved(axis, less, more):
        return np.mean(
            [getattr(_played(a, **more), axis) - getattr(_played(a, **less), axis) for a in tunes[:8]]
        )

    mode, tempo, mark = (
        ({"mode": "m"}, {}), ({"tempo": 80}, {"tempo": 140}), ({"mark": "mp"}, {"mark": "f"}),
    )  # fmt: skip
    assert moved("valence", *mode) > moved("valence", *tempo) > 0 > moved("valence", *mark)
    assert moved("arousal", *tempo) > moved("arousal", *mark) > abs(moved("arousal", *mode))


def test_signs_of_articulation():
    plain = "X:1\nM:4/4\nL:1/8\nK:C\nCDEF GABc|\n"
    short, tied = plain.replace("CDEF GABc", ".C.D.E.F .G.A.B.c"), plain.replace("CDEF GABc", "(CDEF) (GABc)")
    assert [shortness(parse(one)) for one in (short, plain, tied)] == [1, 0, -1]
    assert score_emotion(parse(short)).arousal > score_emotion(parse(plain)).arousal
    assert score_emotion(parse(tied)).arousal < score_emotion(parse(plain)).arousal


def test_nothing_to_hear_is_ordinary_and_nothing_leaves_the_scale():
    silent = score_emotion(parse("X:1\nM:4/4\nL:1/4\nK:C\nzzzz|\n"))
    assert (silent.valence, silent.arousal) == (0, 0)
    wild = score_emotion(parse("X:1\nM:4/4\nL:1/16\nQ:1/4=300\nK:C\n!ffff!" + "[CEGc]" * 16 + "|\n"))
    assert -1 <= wild.valence <= 1 and 0.85 < wild.arousal <= 1
    assert standing(float("nan"), TABLE["cues"]["mode"]) == 0
    assert standing(1e9, TABLE["cues"]["tempo"]) == 2


def test_every_cue_has_its_source_and_is_measured(chorale):
    assert set(cues(parse(chorale))) == set(TABLE["cues"])
    assert all(record["source"] and record["what"] for record in TABLE["cues"].values())
    assert sum(abs(record["arousal"]) for record in TABLE["cues"].values()) == pytest.approx(0.53, abs=0.01)
    assert "Not compared with listeners' ratings" in TABLE["accuracy"]


def test_it_is_fast(pieces):
    """Three milliseconds a tune after the parse, processor time, the best of several runs."""
    parsed = [parse(abc) for abc in pieces]
    best = math.inf
    for _ in range(5):
        start = time.process_time()
        for tune in parsed:
            score_emotion(tune)
        best = min(best, (time.process_time() - start) / len(parsed))
    assert best < 0.003
