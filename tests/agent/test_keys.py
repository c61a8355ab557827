"""Keys against music21's, and the refusals."""

import itertools

import pytest

from agent.keys import MODES, Key, key_near, parse_key
from chiaroscore import ControlError

TONICS = [letter + sign for letter in "CDEFGAB" for sign in ("", "#", "b")]


def _possible():
    for tonic, mode in itertools.product(TONICS, MODES):
        try:
            yield parse_key(f"{tonic} {mode}")
        except ControlError:
            continue


def test_signatures_and_scales_agree_with_music21():
    from music21 import key as m21

    seen = 0
    for ours in _possible():
        theirs = m21.Key(ours.tonic.replace("b", "-"), ours.mode)
        assert ours.fifths == theirs.sharps, ours
        scale = tuple(pitch.pitchClass for pitch in theirs.getPitches()[:7])
        assert ours.pitch_classes == scale, ours
        altered = [(p.name[0], -1 if p.name.endswith("-") else 1) for p in theirs.alteredPitches]
        assert list(ours.accidentals) == altered, ours
        seen += 1
    assert seen == 15 * 7  # fifteen signatures of each mode


def test_every_name_reads_back_by_name_and_by_abc():
    for key in _possible():
        assert parse_key(key.name) == key
        assert parse_key(key.abc) == key
        assert parse_key(key) is key


def test_abc_fields_are_read_alike_by_abcjs():
    from notation import parse

    for key in _possible():
        tune = parse(f"X:1\nT:t\nM:4/4\nL:1/4\nK:{key.abc}\n{key.tonic[0]}4|\n")
        assert tune.key.tonic == key.tonic
        assert tune.key.mode == key.mode
        assert dict(tune.key.accidentals) == dict(key.accidentals)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Dm", "D minor"),
        ("c minor", "C minor"),
        ("A", "A major"),
        ("bb", "Bb major"),
        ("bm", "B minor"),
        ("DM", "D major"),
        ("F#m", "F# minor"),
        ("E flat major", "Eb major"),
        ("C-sharp minor", "C# minor"),
        ("AMIX", "A mixolydian"),
        ("e♭ phrygian", "Eb phrygian"),
        ("G Ionian", "G major"),
        ("a aeolian", "A minor"),
        ("Ddor", "D dorian"),
        ("  F   lydian ", "F lydian"),
    ],
)
def test_keys_as_people_write_them(text, name):
    assert parse_key(text).name == name


@pytest.mark.parametrize(
    ("text", "other"),
    [("G# major", "Ab major"), ("D# major", "Eb major"), ("Fb major", "E major"), ("B# minor", "C minor")],
)
def test_impossible_signatures_are_refused_with_the_key_that_sounds_the_same(text, other):
    with pytest.raises(ControlError, match=other):
        parse_key(text)
    assert parse_key(other).name == other


@pytest.mark.parametrize(
    "text", ["H minor", "X", "", "D foo", "Cbb", None, 5, "C" * 10_000, "D\x00", "D minor major"]
)
def test_what_is_no_key_is_refused_in_one_short_line(text):
    with pytest.raises(ControlError, match="key ") as caught:
        parse_key(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_german_h_is_explained():
    with pytest.raises(ControlError, match="German H is B"):
        parse_key("H minor")


def test_key_near_takes_the_spelling_with_fewer_accidentals():
    assert key_near(8, "major") == Key("Ab", "major")
    assert key_near(8, "minor") == Key("G#", "minor")
    assert key_near(1, "major") == Key("Db", "major")
    assert key_near(6, "major", most=5) is None
