import dataclasses

import numpy as np
import pytest

from chiaroscore import ControlError, MissingPartError
from rag_store.searching import EVERYTHING, Exhaustive, Filter, Query, Wanted, recall, search, token_count

FREE = Filter(licences=EVERYTHING)


@pytest.fixture
def ask(big):
    """A search in 9,000 rows, one of whose clusters the text is about; music has other vectors."""
    columns, vectors, query = big
    music = np.ascontiguousarray(vectors[:, ::-1])
    spaces = {"text": vectors, "music": music, "image": vectors[:, :8] * 1.0}
    embedders = {"text": lambda text: query, "music": lambda abc: 3 * music[17]}

    def run(query, nearest=None):
        return search(
            query, columns, spaces.__getitem__, nearest or Exhaustive(spaces.__getitem__), embedders
        )

    return run


class Leaky:
    """An index that does not know one row in fifty."""

    def __init__(self, vectors):
        self.exact = Exhaustive(vectors)

    def __call__(self, space, query, n):
        rows, cosines = self.exact(space, query, n + n // 25)
        known = rows % 50 != 0
        return rows[known][:n], cosines[known][:n]


def test_text_and_wishes(ask, big):
    columns, vectors, query = big
    found = ask(Query(text="a piece", wanted=Wanted(genre="tango", mood="sad"), filter=FREE, k=8))
    assert [columns.texts["genre"].names[columns.texts["genre"].codes[one.row]] for one in found] == [
        "tango"
    ] * 8
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all("targeted: rank" in " ".join(one.why) for one in found)
    nearest = int(np.argmax(vectors @ query))
    assert ask(Query(text="a piece", filter=FREE, k=1))[0].row == nearest


def test_the_same_question_has_the_same_answer(ask):
    query = Query(text="a sad piece", filter=Filter(meters=("3/4",), licences=EVERYTHING), k=20)
    assert ask(query) == ask(query)


@pytest.mark.parametrize(
    "query",
    [
        Query(text="a piece", k=5),
        Query(text="a piece", k=5, wanted=Wanted(genre="reel", mood="sad")),
        Query(text="a sad piece in minor", k=5),
        Query(text="a piece", k=5, filter=Filter(tempo=(80, 90), any_instruments=("Harp",))),
        Query(text="a piece", k=5, filter=FREE, wanted=Wanted(valence=-0.5, arousal=0.1, tempo=90.0)),
    ],
)
def test_recall_with_an_index_that_loses_rows(ask, big, query):
    truth = ask(query)
    assert len(truth) == 5 and recall(truth, truth) == 1.0
    assert recall(ask(query, Leaky({"text": big[1]}.__getitem__)), truth) >= 0.8
    assert recall([], truth) == 0.0


def test_conditions_are_met_by_all(ask, big):
    columns = big[0]
    asked = Filter(genres=("jig",), tempo=(100, 110), all_instruments=("Harp", "Cello"), licences=EVERYTHING)
    found = ask(Query(text="a piece", filter=asked, k=100))
    every = [columns.row(one.row) for one in found]
    assert 10 < len(every) < 100 and {row["genre"] for row in every} == {"jig"}
    assert all(
        100 <= row["tempo"] <= 110 and {"Harp", "Cello"} <= {*row["instruments"].split("|")} for row in every
    )
    assert found[0].why[-1] == "filter: genres jig; all instruments Harp and Cello; tempo 100 to 110"
    assert ask(Query(text="a piece", filter=dataclasses.replace(asked, moods=("angry",)))) == []


def test_by_default_only_licences_that_are_free(ask, big):
    columns = big[0]
    found = {columns.row(one.row)["licence"] for one in ask(Query(text="a piece", k=100))}
    assert found == {"CC0-1.0", "PD"}


def test_tracks_apart(ask):
    query = Query(text="a piece", wanted=Wanted(genre="tango", mood="sad"), filter=FREE, k=6)
    near = ask(dataclasses.replace(query, tracks=("broad",)))
    assert all(len(one.why) == 1 and one.why[0].startswith("broad: rank") for one in near)
    assert near[0].score == 1.0
    met = ask(dataclasses.replace(query, tracks=("targeted",)))
    assert all(one.score == 1.0 and one.why[0].endswith("genre tango, mood sad") for one in met)
    assert not {one.row for one in near} & {one.row for one in met}


def test_wishes_or_conditions_alone(ask):
    scene = ask(Query(wanted=Wanted(valence=-0.8, arousal=0.9), filter=FREE, k=3))
    assert len(scene) == 3 and scene[0].score > 0.9
    assert scene[0].why[0].startswith("targeted: rank 1, valence -0.")
    jigs = ask(Query(filter=Filter(genres=("jig",)), k=4))
    assert [one.score for one in jigs] == [1.0] * 4 and jigs[0].why == ("filter: genres jig",)


def test_music_finds_itself_and_joins_a_text(ask):
    abc = "X:1\nM:6/8\nL:1/8\nK:D\nDFA d2A|"
    alone = ask(Query(abc=abc, filter=FREE, k=3, tracks=("broad",)))
    assert (alone[0].row, alone[0].score, alone[0].why) == (17, 1.0, ("music: rank 1, cosine 1.00",))
    both = ask(Query(text="a piece", abc=abc, filter=FREE, k=40))
    tracks = {reason.split(":")[0] for one in both for reason in one.why}
    assert tracks == {"broad", "music", "targeted"}


def test_a_picture_joins_by_rank(ask, big):
    found = ask(Query(image=big[1][5, :8] * 2.0, filter=FREE, k=2))
    assert found[0].score == 1.0 and found[0].why[0].startswith("image: rank 1")


def test_the_budget_holds(ask, big):
    query = Query(text="a piece", filter=FREE, k=10)
    spent = [token_count("x" * int(big[0].characters[one.row])) for one in ask(query)]
    assert sum(spent) > 1000
    kept = ask(dataclasses.replace(query, budget=1000))
    assert 0 < sum(-(-int(big[0].characters[one.row]) // 3) for one in kept) <= 1000


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"text": " "}, "empty"), ({"k": 0}, "k=0"), ({"k": 101}, "k=101"), ({"budget": 0}, "budget=0"),
        ({"diversity": 1.1}, "diversity=1.1"), ({"tracks": ()}, "tracks="),
        ({"tracks": ("deep",)}, "broad, targeted"), ({"image": np.zeros(4, np.float32)}, "no direction"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(ask, asked, message):
    with pytest.raises(ControlError, match=message):
        ask(Query(**({"text": "x"} | asked)))


def test_a_space_that_the_store_lacks(big):
    columns, vectors, _ = big
    with pytest.raises(MissingPartError, match="no vectors of music"):
        search(Query(abc="X:1\nK:C\nCDEF|"), columns, lambda s: vectors, Exhaustive(lambda s: vectors), {})
