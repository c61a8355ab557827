"""Chords and scales as spelled pitches, against values worked out by hand."""

import pytest

from agent.keys import parse_key
from agent.offline.writer.harmony import families, tonic_numeral
from agent.offline.writer.pattern import table
from agent.offline.writer.theory import QUALITIES, Tone, chord, chord_scale, midi, scale, tonic


@pytest.mark.parametrize(
    ("numeral", "home", "names"),
    [
        ("I", "C", "C E G"),
        ("V7", "C", "G B D F"),
        ("iiø7", "A", "B D F A"),
        ("V7/ii", "C", "A C# E G"),
        ("bVI", "E", "C E G"),
        ("#io7", "C", "C# E G Bb"),
        ("V7", "Db", "Ab C Eb Gb"),
        ("iv", "F#", "B D F#"),
        ("Imaj9", "Bb", "Bb D F A C"),
        ("bIImaj7", "C", "Db F Ab C"),
    ],
)
def test_numerals_become_spelled_chords(numeral, home, names):
    assert [tone.name for tone in chord(numeral, tonic(home)).tones] == names.split()


def test_symbols_are_what_a_player_reads():
    assert chord("ii7", tonic("C")).symbol == "Dm7"
    assert chord("V7b9", tonic("C")).symbol == "G7"  # the common ABC programs cannot read G7b9
    assert chord("bVII", tonic("D")).symbol == "C"


@pytest.mark.parametrize("bad", ["", "X", "IIX7", "V#5"])
def test_an_unreadable_numeral_is_refused(bad):
    with pytest.raises(ValueError, match=r"numeral|quality"):
        chord(bad, tonic("C"))


def test_every_numeral_of_the_progressions_is_readable():
    progressions = table("progressions")
    sources = [
        *(m for f in progressions["families"].values() for m in f.values()),
        *progressions["modes"].values(),
    ]
    count = 0
    for source in sources:
        for bars in (bars for many in source.values() for bars in many):
            assert len(bars) == 4
            for numeral in " ".join(bars).split():
                assert chord(numeral, tonic("C")).quality in QUALITIES
                count += 1
    assert count > 400


def test_pieces_end_on_the_tonic_in_every_family():
    for family in families():
        for mode in ("major", "minor", "dorian", "locrian"):
            assert chord(tonic_numeral(mode, family), tonic("G")).root == tonic("G")


def test_midi_counts_from_middle_c():
    assert midi(28, 0) == 60  # C4
    assert midi(33, 0) == 69  # A4
    assert midi(34, -1) == 70  # Bb4
    assert midi(28, -1) == 59  # Cb4 sounds as B3


def test_scales_agree_with_the_key_signatures():
    for name in ("D dorian", "F# minor", "Bb major", "E phrygian", "Ab lydian", "B locrian", "A mixolydian"):
        key = parse_key(name)
        assert tuple(tone.pc for tone in scale(tonic(key.tonic), key.mode)) == key.pitch_classes


def test_a_chord_bends_the_scale_to_its_tones():
    alters = chord_scale(tonic("A"), "minor", chord("V7", tonic("A")))
    assert alters[4] == 1  # G becomes G# over E7
    assert alters[5] == 0  # A stays


def test_tones_keep_their_letter():
    assert Tone(6, 0).above(2, 3).name == "D"  # minor third over B
    assert Tone(6, 0).above(2, 4).name == "D#"
