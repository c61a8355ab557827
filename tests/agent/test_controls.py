"""Requests: what is understood, and what is refused with which words."""

import pytest

from agent.controls import Controls
from agent.tempo import METERS, bar_quarters, beat_quarters, parse_tempo_word, tempo_range, tempo_word
from chiaroscore import ControlError
from notation import MODES

parse = Controls.parse


def test_nothing_asked_is_nothing_fixed():
    assert parse() == Controls()
    assert parse().asked() == {}


def test_everything_at_once_and_back_again():
    asked = parse(
        tempo="andante",
        key="dm",
        meter="C|",
        bars="16",
        genre="Bossa-Nova",
        mood="Serene",
        instruments="cellos, harp",
        seed=7.0,
    )
    assert asked.asked() == {
        "tempo": "Andante",
        "key": "D minor",
        "meter": "2/2",
        "bars": 16,
        "genre": "bossa nova",
        "mood": "calm",
        "instruments": ["Cello", "Harp"],
        "seed": 7,
    }
    assert parse(**asked.asked()) == asked


def test_families_stand_for_their_typical_players():
    names = [one.name for one in parse(instruments=["strings", "flute", "violin"]).instruments]
    assert names == ["Violin", "Viola", "Cello", "Flute"]
    assert [one.name for one in parse(instruments=["Brass"]).instruments] == [
        "Trumpet",
        "French Horn",
        "Trombone",
    ]
    assert [one.name for one in parse(instruments=[73, "drums"]).instruments] == ["Flute", "Drum Kit"]
    assert [one.name for one in parse(instruments="piano").instruments] == ["Acoustic Grand Piano"]


@pytest.mark.parametrize("meter", METERS)
def test_every_listed_meter_is_taken(meter):
    assert parse(meter=meter).meter == meter


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"bars": 0}, "bars 0 is out of range; give 4 to 128"),
        ({"bars": 129}, "bars 129 is out of range"),
        ({"bars": 8.5}, "bars 8.5 is not a whole number"),
        ({"bars": True}, "bars True is not a whole number"),
        ({"bars": "many"}, "bars 'many' is not a whole number"),
        ({"bars": 10**5000}, "bars of 16610 bits is out of range"),
        ({"tempo": -3}, "tempo -3 is out of range; give 20 to 300 quarter notes per minute"),
        ({"tempo": 301}, "tempo 301 is out of range"),
        ({"tempo": float("nan")}, "tempo nan is out of range"),
        ({"tempo": "inf"}, "tempo 'inf' is neither a number nor a tempo word"),
        ({"tempo": "andantte"}, "nearest: andante"),
        ({"tempo": [90]}, r"tempo \[90\] is not a number"),
        ({"key": "H minor"}, "key 'H minor' is not a key"),
        ({"key": "G# major"}, 'ask for "Ab major"'),
        ({"meter": "4/5"}, "meter '4/5' is not one we write; choose one of 2/4"),
        ({"meter": 4}, "meter 4 is not one we write"),
        ({"meter": "4/" + "4" * 1000}, "is not one we write"),
        ({"duration": 0}, "duration 0 is out of range; give 4 to 600 seconds"),
        ({"duration": "long"}, "duration 'long' is not a number"),
        ({"genre": "salsa"}, "genre 'salsa' is unknown; nearest"),
        ({"mood": "hungry"}, "mood 'hungry' is unknown; nearest"),
        ({"instruments": ["kazoo"]}, "instrument 'kazoo' is not in General MIDI; nearest"),
        ({"instruments": []}, "instruments is an empty list"),
        ({"instruments": "drums"}, "has only drums"),
        ({"instruments": ["gunshot"]}, "is a noise"),
        ({"instruments": range(9)}, "more than 8 instruments"),
        ({"instruments": ["strings", "brass", "woodwind"]}, "9 instruments were asked for; name at most 8"),
        ({"instruments": [None]}, "instrument None is neither a name nor a number"),
        ({"instruments": 5}, "instruments 5 is no list of names"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"bars": 128, "duration": 4}, "outside 20 to 300; leave out bars or duration"),
        ({"bars": 16, "duration": 60, "tempo": 200, "meter": "4/4"}, "exclude each other"),
        ({"bars": 16, "duration": 60, "tempo": 200}, "exclude each other"),
        ({"bars": 16, "duration": 60, "tempo": "Presto", "meter": "4/4"}, "tempo Presto exclude each other"),
        ({"duration": 10, "tempo": "Largo", "meter": "4/4"}, "the shortest piece lasts"),
        ({"duration": 31, "tempo": 20, "meter": "12/8"}, "the shortest piece lasts 72 s"),
        ({"duration": 79, "tempo": 20, "meter": "12/8"}, "4 bars last 72.0 s and 5 last 90.0 s"),
        ({"valence": 1.1}, "valence 1.1 is out of range; give -1 to 1"),
        ({"arousal": "high"}, "arousal 'high' is not a number"),
        ({"mood": "sad", "valence": 0.5}, "mood 'sad' and valence 0.5 exclude each other"),
        ({"density": "plenty"}, "density 'plenty' is unknown; give sparse, medium, dense"),
        ({"density": 90}, "density 90 is out of range; give 0.5 to 20 notes a second"),
        ({"register": "under"}, "register 'under' is unknown; give low, middle, high, a note such as C5"),
        ({"register": "C9"}, "register 'C9' is out of range"),
        ({"register": 12}, "register 12 is out of range; give 36 to 96"),
        ({"register": "C3", "instruments": "flute"}, "lies outside what the instruments"),
        ({"form": "AbA"}, "form 'AbA' is unknown; write letters such as AABA"),
        ({"form": 3}, "form 3 is not a text"),
        ({"form": "rondo", "bars": 16}, "form ABACA needs at least 20 bars"),
        ({"genre": "hornpipe", "meter": "7/8"}, "genre hornpipe and meter 7/8 exclude each other"),
        ({"instruments": "128"}, "128"),
    ],
)
def test_refusals_say_what_was_seen_and_what_to_do(asked, words):
    with pytest.raises(ControlError, match=words) as caught:
        parse(**asked)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_bars_and_duration_that_agree_are_taken():
    assert parse(bars=16, duration=60, tempo=64, meter="4/4").bars == 16
    assert parse(bars=16, duration=40).duration == 40.0


def test_the_newer_requests_come_back_as_they_were():
    asked = parse(valence="-.5", arousal=0.25, density="busy", register="bb4", form="Intro da capo coda")
    assert asked.asked() == {
        "valence": -0.5,
        "arousal": 0.25,
        "density": "dense",
        "register": "bb4",
        "form": "intro ABA coda",
    }
    assert parse(**asked.asked()) == asked
    assert Controls.from_record({"seed": 3, "continue_from": "x.mid", **asked.asked()}).form == asked.form
    assert parse(density=4, register=72, instruments="73").asked() == {
        "instruments": ["Flute"],
        "density": 4.0,
        "register": "72",
    }
    assert (parse(density=4).density.low, parse(density=4).density.high) == (3.2, 5.0)


def test_a_number_beside_a_mood_takes_the_place_of_its_own():
    both = parse(mood="sad", valence=-0.3)
    assert both.mood.name == "sad" and both.valence == -0.3


def test_all_keys_that_can_be_written_are_taken():
    tonics = [letter + sign for letter in "CDEFGAB" for sign in ("", "#", "b")]
    for mode in MODES:
        classes = set()
        for tonic in tonics:
            try:
                key = parse(key=f"{tonic} {mode}").key
            except ControlError as error:
                assert "which sounds the same" in str(error)
                continue
            assert abs(key.fifths) <= 7
            classes.add(key.tonic_class)
        assert classes == set(range(12))


def test_a_numpy_number_is_a_number():
    import numpy as np

    assert parse(bars=np.int64(16), tempo=np.float64(90), seed=np.uint8(3)).asked() == {
        "tempo": 90.0,
        "bars": 16,
        "seed": 3,
    }


def test_tempo_words_name_the_middle_of_their_own_range():
    for word in ("Grave", "Largo", "Adagio", "Andante", "Moderato", "Allegro", "Vivace", "Presto"):
        low, usual, high = tempo_range(word)
        assert low < usual < high
        assert tempo_word(usual, "4/4") == word
        assert tempo_word(usual * 1.5, "6/8") == word
    assert parse_tempo_word("very fast") == "Presto"


def test_bars_and_beats_of_the_meters():
    assert [bar_quarters(meter) for meter in ("2/4", "6/8", "7/8", "12/8", "2/2", "5/4")] == [
        2,
        3,
        3.5,
        6,
        4,
        5,
    ]
    assert [beat_quarters(meter) for meter in ("3/4", "6/8", "7/8", "2/2", "3/8")] == [1, 1.5, 1, 2, 1.5]
