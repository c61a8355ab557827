import dataclasses

import pytest

from chiaroscore import ControlError
from rag_store.store import Store


def test_slow_sad_waltz_in_minor(small):
    best = small.search("slow sad waltz in minor")[0]
    assert (best.exemplar.genre, best.exemplar.mode) == ("waltz", "minor")
    assert any(reason.startswith("broad: rank") for reason in best.why)
    assert any("genre waltz" in reason and "mode minor" in reason for reason in best.why)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("a fast joyful Irish jig", "genre", "jig"),
        ("a solemn hymn for a church choir in four parts", "genre", "chorale"),
        ("passionate Argentine dance of the night", "genre", "tango"),
        ("relaxed Brazilian jazz by the beach", "genre", "bossa nova"),
        ("electric guitars, loud drums, angry rock", "genre", "rock"),
        ("a cradle song to send a child to sleep", "genre", "lullaby"),
        ("sad and sorrowful music in a minor key", "mode", "minor"),
        ("soldiers marching on parade, proud and heroic", "genre", "march"),
    ],
)
def test_relevance(small, text, field, value):
    assert getattr(small.search(text, k=3)[0].exemplar, field) == value


def test_asked_attributes_lead(small):
    hits = small.search("a quiet evening by the water", k=2, genre="tango")
    assert [hit.exemplar.genre for hit in hits] == ["tango", "tango"]
    assert all("targeted" in " ".join(hit.why) for hit in hits)
    first = small.search("music", k=1, meter="3/4", mode="minor", mood="melancholy")[0].exemplar
    assert (first.meter, first.mode) == ("3/4", "minor")


def test_strict_leaves_out_what_does_not_fit(small, sixty):
    hits = small.search("a dance", k=50, meter="6/8", mode="major", strict=True)
    assert hits and all((h.exemplar.meter, h.exemplar.mode) == ("6/8", "major") for h in hits)
    assert small.search("a dance", genre="tango", meter="9/8", strict=True) == []
    calm = small.search("slow", k=100, tempo_class="slow", strict=True)
    assert {h.exemplar.id for h in calm} == {e.id for e in sixty if e.tempo_class == "slow"}


def test_every_hit_says_why_and_scores_fall(small):
    hits = small.search("slow sad waltz in minor", k=10)
    assert len(hits) == 10 and len({hit.exemplar.id for hit in hits}) == 10
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] <= scores[0] <= 1
    assert all(
        hit.why and all(reason.split(":")[0] in ("broad", "targeted") for reason in hit.why) for hit in hits
    )


def test_same_question_same_answer(small):
    assert small.search("a merry tune", k=8) == small.search("a merry tune", k=8)


def test_licences(tmp_path, sixty, embedder):
    closed = dataclasses.replace(sixty[0], id="mine:nc", licence="CC-BY-NC-4.0")
    odd = dataclasses.replace(sixty[0], id="mine:odd", licence="ask my aunt")
    with Store.build(tmp_path / "s", [*sixty[:10], closed, odd], embedder=embedder) as store:
        default = {hit.exemplar.id for hit in store.search(sixty[0].caption, k=12)}
        assert sixty[0].id in default and not {"mine:nc", "mine:odd"} & default
        everything = {hit.exemplar.id for hit in store.search(sixty[0].caption, k=12, licences=None)}
        assert {"mine:nc", "mine:odd"} <= everything
        only = store.search(sixty[0].caption, k=12, licences=["CC-BY-NC-4.0"])
        assert [hit.exemplar.id for hit in only] == ["mine:nc"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"genre": "polkka"}, "genre 'polkka'.*polka"),
        ({"mood": "bored"}, "mood 'bored'.*joyful"),
        ({"mode": "aeolian"}, "mode 'aeolian'"),
        ({"meter": "waltz time"}, "meter 'waltz time'"),
        ({"tempo_class": "allegro"}, "tempo class 'allegro'"),
        ({"k": 0}, "k=0"),
        ({"k": 101}, "k=101"),
        ({"text": " "}, "empty"),
    ],
)
def test_unknown_wishes(small, asked, message):
    with pytest.raises(ControlError, match=message):
        small.search(**({"text": "x"} | asked))


def test_chroma_finds_what_comparing_finds(small, asking_the_index):
    """Small stores are compared whole; here the index is asked as in a large one."""
    texts = ("slow sad waltz in minor", "a lively jig", "dark and tense music", "a walk by the sea")
    compared = [small.search(text, k=8) for text in texts]
    asked = asking_the_index(small)
    assert [small.search(text, k=8) for text in texts] == compared
    assert len(asked) >= len(texts)
