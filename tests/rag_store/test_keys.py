import numpy as np
import pytest

from notation import events, parse
from rag_store.keys import judge, pitch_class, signature, table, tonic_of


@pytest.mark.parametrize(
    ("tonic", "mode", "fifths"),
    [
        ("C", "major", 0),
        ("D", "major", 2),
        ("D", "minor", -1),
        ("E", "dorian", 2),
        ("A", "mixolydian", 2),
        ("Bb", "major", -2),
        ("F#", "minor", 3),
        ("E", "phrygian", 0),
        ("F", "lydian", 0),
        ("Eb", "minor", -6),
    ],
)
def test_signatures(tonic, mode, fifths):
    assert signature(tonic, mode) == fifths
    assert tonic_of(fifths, mode) == tonic


def test_pitch_classes():
    assert [pitch_class(name) for name in ("C", "D", "E", "F", "F#", "Bb", "Ab", "B", "Cb")] == [
        0,
        2,
        4,
        5,
        6,
        10,
        8,
        11,
        11,
    ]


def test_steps_agree_with_signatures():
    for mode, entry in table()["modes"].items():
        major = {(7 * 0 + step) % 12 for step in table()["modes"]["major"]["steps"]}
        tonic = pitch_class(tonic_of(0, mode))
        assert {(tonic + step) % 12 for step in entry["steps"]} == major


def _judge(body, written="C", mode="major"):
    rows = events(parse(f"X:1\nT:t\nM:4/4\nL:1/4\nK:{written}\n{body}\n"))
    weights = np.bincount(rows["pitch"] % 12, weights=rows["duration"], minlength=12)
    return judge(weights, 0, mode, int(rows["pitch"][-1]) % 12)


def test_a_minor_tune_written_without_its_mode():
    key = _judge("A2 c e|A2 E2|A B c A|e4|A c e a|e c A2|B G E G|A4|]")
    assert (key.tonic, key.mode, key.fit) == ("A", "minor", 1.0)


def test_a_major_tune_stays():
    key = _judge("C2 E G|c2 G2|F E D C|G4|c G E C|D2 G2|E D D C|C4|]")
    assert (key.tonic, key.mode) == ("C", "major")


def test_dorian():
    key = _judge("D2 F A|d2 A2|c A G F|A4|d c A d|G2 A2|F E C E|D4|]", "Ddor", "dorian")
    assert (key.tonic, key.mode) == ("D", "dorian")


def test_fit_counts_notes_outside_the_scale():
    assert _judge("C C ^C ^C|]").fit == pytest.approx(0.5)
