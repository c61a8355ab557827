"""Key, chords, progression and cadences: by hand on small music, against music21 on real music."""

import importlib.resources
import math
import re

import numpy as np
import pytest

import evaluation
from evaluation import analyse, measure, progression_irregularity
from evaluation.chords import KINDS
from notation import bar_starts, events, parse

KINDS_AT = {name: 12 * place for place, name in enumerate(KINDS)}


def block_chords(names, bars=1):
    """One chord a bar in root position, four quarters, as ABC."""
    spelled = {
        "C": "C,EGc", "F": "F,FAc", "G": "G,DGB", "G7": "G,DFB", "Am": "A,EAc", "Dm": "D,FAd",
        "Bb": "_B,DF_B", "Em": "E,GBe", "Gm": "G,DG_B", "Bdim": "B,DFB", "Fm": "F,F_Ac",
    }  # fmt: skip
    body = " | ".join(f"[{spelled[name]}]4" for name in names)
    return f"X:1\nM:4/4\nL:1/4\nK:C\n{body} |]\n"


def chords_of(abc):
    tune = parse(abc)
    windows = evaluation.chord_windows(bar_starts(tune), float(tune.performance.duration))
    return evaluation.estimate_chords(events(tune), windows), windows, bar_starts(tune)


def test_root_position_chords_are_named():
    names = ["C", "F", "G7", "Am", "Dm", "Bb", "Em", "Gm", "Bdim", "C"]
    found, windows, _ = chords_of(block_chords(names))
    assert len(windows) == 2 * len(names)  # 4/4: two windows a bar
    assert [evaluation.chord_name(c) for c in evaluation.progression(found)] == names


def test_windows_halve_bars_of_an_even_number_of_quarters_from_four_on():
    for meter, bar, wanted in (
        ("4/4", 4, [0, 2, 4, 6]),
        ("3/4", 3, [0, 3]),
        ("6/8", 3, [0, 3]),
        ("12/8", 6, [0, 3, 6, 9]),
    ):
        starts = np.array([0.0, bar])
        assert evaluation.chord_windows(starts, 2.0 * bar).tolist() == wanted, meter


def test_silence_keeps_the_chord_and_music_after_a_rest_has_its_own():
    found, _, _ = chords_of("X:1\nM:4/4\nL:1/4\nK:C\n[C,EGc]4 | z4 | [G,DGB]4 |]\n")
    assert [evaluation.chord_name(c) for c in found] == ["C", "C", "C", "C", "G", "G"]
    found, _, _ = chords_of("X:1\nM:4/4\nL:1/4\nK:C\nz4 | [G,DGB]4 |]\n")
    assert [evaluation.chord_name(c) for c in found] == ["", "", "G", "G"]


def test_roots_agree_with_the_chords_that_a_score_writes():
    written = ["C", "Am", "F", "G7", "C", "Dm", "G", "C"]
    bass = {"C": "C,", "Am": "A,,", "F": "F,,", "G7": "G,,", "Dm": "D,", "G": "G,,"}
    melody = ["cdec", "cBAe", "fgaf", "gfdB", "egec", "fedA", "Bcdg", "c4"]
    abc = "X:1\nM:4/4\nL:1/4\nK:C\nV:1\n" + "|".join(melody) + "|]\nV:2 clef=bass\n"
    found, _, _ = chords_of(abc + "|".join(f"{bass[name]}2{bass[name]}2" for name in written) + "|]\n")
    roots = [{"C": 0, "A": 9, "F": 5, "G": 7, "D": 2}[name[0]] for name in written for _ in (0, 1)]
    assert np.mean(found % 12 == roots) >= 0.8


def test_irregularity_by_hand():
    assert progression_irregularity("CFGC") == 1.0  # CFG, FGC
    assert progression_irregularity("CFGCFGC") == pytest.approx(3 / 5)  # CFG FGC GCF CFG FGC
    assert progression_irregularity("CCCFFGGC") == 1.0  # each chord once until it changes: CFGC
    assert progression_irregularity("CGCGCGCG") == pytest.approx(2 / 6)
    assert progression_irregularity("CFG") == progression_irregularity("") == 1.0
    assert progression_irregularity(["C", "F", "G", "C"], n=2) == 1.0


def test_irregularity_is_that_of_the_source_but_for_the_last_trigram():
    # MusDr: number of n-grams = len - n, so the last one is not looked at; written anew from its definition
    chords = [int(c) for c in np.random.default_rng(5).integers(0, 4, 200)]
    chords = [c for i, c in enumerate(chords) if i == 0 or c != chords[i - 1]]
    source = {tuple(chords[i : i + 3]) for i in range(len(chords) - 3)}
    assert progression_irregularity(chords[:-1]) == pytest.approx(len(source) / (len(chords) - 3))


CADENCES = [
    (["C", "F", "G7", "C"], 1.0),
    (["C", "Am", "Bdim", "C"], 1.0),
    (["C", "Am", "F", "C"], 1.0),
    (["C", "Am", "Fm", "C"], 1.0),
    (["C", "F", "Bb", "C"], 1.0),
    (["C", "F", "Gm", "C"], 1.0),
    (["C", "Am", "Em", "C"], 0.0),  # mediant: no cadence
    (["C", "F", "C", "G"], 0.0),  # half close
    (["C", "F", "G", "Am"], 0.0),  # deceptive
]


@pytest.mark.parametrize(("names", "wanted"), CADENCES)
def test_cadences_by_hand(names, wanted):
    found, windows, starts = chords_of(block_chords(names))
    assert evaluation.cadence_rate(found, windows, starts, tonic=0) == wanted
    assert evaluation.cadence_rate(found, windows, starts, tonic=6) == 0.0


def test_phrases_end_every_four_bars_and_at_the_end_a_pickup_not_counted():
    assert evaluation.phrase_ends(np.arange(0, 48, 4.0)) == [3, 7, 11]
    assert evaluation.phrase_ends(np.arange(0, 40, 4.0)) == [3, 7, 9]
    assert evaluation.phrase_ends(np.array([0, 1, 5, 9, 13, 17.0])) == [4, 5]
    names = ["C", "F", "G", "C", "C", "F", "C", "G"]  # closes, then a half close
    found, windows, starts = chords_of(block_chords(names))
    assert evaluation.cadence_rate(found, windows, starts, tonic=0) == 0.5


def unrepeated(abc):
    """The tune without repeats, endings and grace notes: music21 reads the score as written, we as played."""
    head, _, body = abc.partition("\nK:")
    key, _, music = body.partition("\n")
    music = re.sub(r"\{[^}]*\}|\|\[?[12]|\[[12]|[~TM.]", lambda m: "|" if "|" in m[0] else "", music)
    return f"{head}\nK:{key}\n{music.replace('|:', '|').replace(':|', '|').replace('::', '|')}"


def test_key_equals_music21_on_real_tunes(pieces):
    compared = 0
    for abc in pieces:
        if "V:" in abc or "P:" in abc:
            continue
        tune = parse(unrepeated(abc))
        wanted, found = analyse(tune), measure(tune)
        assert found["key_clarity"] == pytest.approx(wanted.key_clarity, abs=1e-6), abc
        assert found["key_gap"] == pytest.approx(wanted.key_gap, abs=1e-6), abc
        compared += 1
    scale = parse("X:1\nM:4/4\nL:1/4\nK:G\nGABc|d2g2|fedc|BAG2|]\n")
    assert measure(scale)["key_clarity"] == pytest.approx(analyse(scale).key_clarity, abs=1e-6)
    assert evaluation.best_key(events(scale)) == (7, False)
    assert compared >= 8


def test_key_by_hand(rows):
    # tonic and fifth alone, as long as each other: the correlation with a major profile, worked out by numpy
    notes = rows((0, 1, 60), (1, 1, 67))
    profile = np.array([0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400])
    wanted = np.corrcoef(profile, [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0])[0, 1]
    assert evaluation.key_correlations(notes)[0] == pytest.approx(wanted)
    assert math.isnan(evaluation.key_clarity(rows())) and evaluation.best_key(rows()) is None
    even = rows(*((place, 1, 60 + place) for place in range(12)))
    assert math.isnan(evaluation.key_clarity(even))  # all twelve the same: no key, no number


def test_drums_and_transposition_change_no_harmony(pieces):
    for abc in pieces[:6]:
        tune = parse(abc)
        notes, starts = events(tune), bar_starts(tune)
        length = float(tune.performance.duration)
        plain = evaluation.harmony.harmony_metrics(notes, starts, length)
        up = notes.copy()
        up["pitch"] += 5
        moved = evaluation.harmony.harmony_metrics(up, starts, length)
        assert moved["cadence_rate"] == pytest.approx(plain["cadence_rate"], nan_ok=True)
        drums = notes[:8].copy()
        drums["drum"], drums["pitch"] = True, 38
        both = np.sort(np.concatenate((notes, drums)), order=["onset", "pitch"])
        assert evaluation.harmony.harmony_metrics(both, starts, length) == plain


def test_roots_agree_with_the_written_chords_of_whole_pieces():
    """The figure of docs/evaluation.md: half bars of the exemplars whose root is the written symbol's."""
    right = total = 0
    folder = importlib.resources.files("rag_store") / "data" / "exemplars"
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        tune = parse(path.read_text(encoding="utf-8"))
        marks = sorted((float(mark.onset), mark.text) for voice in tune.voices for mark in voice.chords)
        written = [(onset, root) for onset, text in marks if (root := written_root(text)) is not None]
        if len(written) < 4 or tune.performance.duration != max(voice.duration for voice in tune.voices):
            continue  # with repeats, symbols stand elsewhere than they sound
        found, windows, _ = chords_of(tune.abc)
        at = np.searchsorted([onset for onset, _ in written], windows + 1e-6) - 1
        known = (at >= 0) & (found >= 0)
        right += int((found[known] % 12 == np.array([root for _, root in written])[at[known]]).sum())
        total += int(known.sum())
    assert total > 500 and right / total > 0.84


def written_root(text):
    """Pitch class of a chord symbol's root."""
    found = re.match(r"([A-G])([#b]?)", text)
    steps = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    return (steps[found[1]] + {"#": 1, "b": -1, "": 0}[found[2]]) % 12 if found else None
