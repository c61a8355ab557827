import pytest

from chiaroscore import ControlError
from rag_store.searching.snippet import read_music
from rag_store.searching.wanted import Wanted, checked, read_words


def test_words_are_read_only_where_they_are_plain():
    nothing = Wanted()
    assert read_words("a slow sad waltz in D minor, 3/4", nothing).asked() == {
        "genre": "waltz", "mood": "sad", "mode": "minor", "meter": "3/4", "tempo_class": "slow",
    }  # fmt: skip
    assert read_words("half tango, half waltz", nothing).genre is None
    assert read_words("very fast reel", nothing).tempo_class == "very fast"
    assert read_words("airy and minor-ish jigsaw", nothing).genre is None
    assert read_words("a slow tango", Wanted(genre="rock", tempo_class="fast")).asked() == {
        "genre": "rock", "tempo_class": "fast",
    }  # fmt: skip
    assert read_words("a slow tango", nothing).read == {"genre", "tempo_class"}


def test_music_is_read():
    asked = read_music("X:1\nM:6/8\nL:1/8\nQ:3/8=100\nK:Ador\nABc d2A|GAB A3|", Wanted(mode="minor"))
    assert (asked.meter, asked.mode, asked.tempo) == ("6/8", "minor", 150.0)
    assert asked.density == pytest.approx(9 / 6, abs=1e-3)
    assert asked.read == {"meter", "tonic", "density", "tempo"}
    untimed = read_music("X:1\nM:C\nL:1/4\nK:G\nGABc|d4|", Wanted())
    assert (untimed.tonic, untimed.mode, untimed.meter, untimed.tempo) == ("G", "major", "4/4", None)
    assert read_music("X:1\nM:4/4\nL:1/4\nQ:80\nK:G\nGABc|d4|", Wanted(tempo_class="fast")).tempo is None


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"genre": "polkka"}, "genre 'polkka'.*polka"),
        ({"mood": "bored"}, "mood 'bored'.*joyful"),
        ({"mode": "aeolian"}, "mode 'aeolian'"),
        ({"meter": "waltz time"}, "meter 'waltz time'"),
        ({"tempo_class": "allegro"}, "tempo class 'allegro'"),
        ({"tempo": 0.0}, "tempo 0.0 is out of range"),
        ({"density": float("inf")}, "density inf"),
        ({"valence": 1.5}, "valence 1.5.*from -1 to 1"),
        ({"arousal": float("nan")}, "arousal nan"),
        ({"instruments": ("violn",)}, "Violin"),
    ],
)
def test_unknown_wishes(asked, message):
    with pytest.raises(ControlError, match=message):
        checked(Wanted(**asked))


def test_known_wishes_stay():
    asked = checked(Wanted(genre="bossa nova", meter="4/4", valence=-1.0, instruments=("cellos",)))
    assert asked.asked() == {
        "genre": "bossa nova",
        "meter": "4/4",
        "valence": -1.0,
        "instruments": ("Cello",),
    }
