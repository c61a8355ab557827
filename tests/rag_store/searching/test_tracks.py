import numpy as np
import pytest

from rag_store.searching.broad import broad, of_one_genre, pool, reach
from rag_store.searching.exhaustive import Exhaustive
from rag_store.searching.nearness import Neighbours
from rag_store.searching.targeted import shares, targeted
from rag_store.searching.wanted import Wanted, read_words


def every(columns):
    return np.ones(len(columns), np.bool_)


def line(cosines):
    """Vectors of given cosines to (1, 0)."""
    values = np.asarray(cosines, np.float64)
    return np.stack([values, np.sqrt(1 - values**2)], axis=1).astype(np.float32)


def near(columns, cosines):
    vectors = line(cosines)
    return Neighbours("text", np.array([1, 0], np.float32), columns, vectors, Exhaustive(lambda s: vectors))


def test_broad_keeps_room_for_other_genres(made):
    columns = made([{"genre": "jig"}] * 100 + [{"genre": "reel"}] * 100)
    asked = near(columns, np.linspace(0.9, 0.1, 200))
    rows = broad(columns, every(columns), asked, None, 5)
    assert rows.tolist() == [*range(30), *range(100, 110)] and (of_one_genre(5), pool(5)) == (30, 40)
    wished = broad(columns, every(columns), asked, "jig", 5)
    assert wished.tolist() == list(range(40))


def test_shares_by_hand(made):
    columns = made([
        {"genre": "tango", "mood": "sad", "mode": "minor"},
        {"genre": "tango", "mood": "calm", "mode": "minor"},
        {"genre": "tango", "mood": "calm", "mode": "major"},
        {"genre": "reel", "mood": "sad", "mode": "minor"},
    ])  # fmt: skip
    rows = np.arange(4)
    outright = shares(columns, rows, Wanted(genre="tango", mood="sad", mode="minor"))
    assert outright == pytest.approx([1, 6 / 8, 4 / 8, 0])  # outside the genre: nothing
    read = shares(columns, rows, read_words("a sad piece", Wanted(mode="minor")))
    assert read == pytest.approx([1, 2 / 3, 0, 1])  # read from the text: half the weight


def test_numbers_are_met_by_degrees(made):
    columns = made([{"tempo": 100}, {"tempo": 100 * 2**0.25}, {"tempo": 150}, {"tempo": 50}])
    assert shares(columns, np.arange(4), Wanted(tempo=100.0)) == pytest.approx([1, 0.5, 0, 0], abs=1e-6)
    felt = made([{"valence": v, "arousal": 0.2} for v in (-0.5, -0.3, 0.1)])
    expected = [1.0, (0.6 + 1) / 2, (0 + 1) / 2]
    assert shares(felt, np.arange(3), Wanted(valence=-0.5, arousal=0.2)) == pytest.approx(expected, abs=1e-6)
    played = made([{"instruments": names} for names in ("Violin|Harp", "Harp", "Flute")])
    assert shares(played, np.arange(3), Wanted(instruments=("Violin", "Harp"))).tolist() == [1, 0.5, 0]


def test_fast_as_a_word_is_met_by_very_fast(made):
    columns = made([{"tempo_class": "fast"}, {"tempo_class": "very fast"}])
    assert shares(columns, np.arange(2), read_words("a fast one", Wanted())).tolist() == [1, 1]
    assert shares(columns, np.arange(2), Wanted(tempo_class="fast")).tolist() == [1, 0]


def test_targeted_goes_by_share_then_by_cosine(made):
    columns = made([
        {"mood": "sad", "mode": "major"},
        {"mood": "sad", "mode": "minor"},
        {"mood": "joyful", "mode": "minor"},
        {"mood": "sad", "mode": "minor"},
        {"mood": "joyful", "mode": "major"},
    ])  # fmt: skip
    wanted = Wanted(mood="sad", mode="minor")
    track = targeted(columns, every(columns), wanted, near(columns, [0.2, 0.3, 0.9, 0.8, 0.99]), 5)
    assert track.tolist() == [3, 1, 2, 0]
    assert len(targeted(columns, every(columns), Wanted(), None, 5)) == 0


def test_of_a_wished_genre_only_the_nearest_are_looked_at(made):
    columns = made([{"genre": "jig", "mood": "sad" if at >= 120 else "calm"} for at in range(300)])
    track = targeted(
        columns, every(columns), Wanted(genre="jig", mood="sad"), near(columns, np.linspace(0.9, 0, 300)), 5
    )
    assert track.tolist() == list(range(40)) and reach(5) == 120  # all that are sad lie too far away


@pytest.mark.parametrize(
    "wanted", [Wanted(mood="sad", mode="minor", meter="3/4"), Wanted(tempo=90.0, mood="calm")]
)
def test_the_cut_takes_the_best_of_many_ties(drawn, wanted):
    columns, _ = drawn(2000)
    cosines = np.random.default_rng(2).uniform(-0.9, 0.9, 2000)
    track = targeted(columns, every(columns), wanted, near(columns, cosines), 10)
    share = shares(columns, np.arange(2000), wanted)
    exact = near(columns, cosines).cosines(np.arange(2000)).round(6)
    expected = sorted(range(2000), key=lambda row: (-share[row], -exact[row], columns.ids[row]))
    assert track.tolist() == expected[: pool(10)]


def test_without_anything_to_be_near_to_ties_follow_a_lot(drawn):
    columns, _ = drawn(500)
    track = targeted(columns, every(columns), Wanted(genre="jig"), None, 5)
    assert len(track) == 40 and track.tolist() != sorted(track.tolist())
    assert track.tolist() == targeted(columns, every(columns), Wanted(genre="jig"), None, 5).tolist()
