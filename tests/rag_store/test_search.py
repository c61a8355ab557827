import dataclasses

import numpy as np
import pytest

from chiaroscore import ControlError
from rag_store.chroma import Row
from rag_store.search import broad, diversify, fuse, share, targeted
from rag_store.store import Store
from rag_store.wanted import Wanted, checked, read_words


def row(identity, cosine, **metadata):
    base = {"genre": "jig", "mood": "joyful", "meter": "6/8", "mode": "major", "tempo_class": "fast"}
    return Row(identity, cosine, base | metadata)


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
    assert checked(Wanted(genre="bossa nova", meter="4/4")).asked() == {"genre": "bossa nova", "meter": "4/4"}


def test_fusion_by_hand():
    rows = [row("a", 0.9), row("b", 0.8, genre="reel"), row("c", 0.7, mood="sad")]
    wanted = Wanted(genre="jig", mood="sad")
    track = targeted(rows, wanted)
    assert [r.id for r in track] == ["c", "a"]  # both attributes, then one; the reel is not in the partition
    fused = fuse(broad(rows), track, wanted)
    by_hand = {
        "a": (0.9 / 0.9 + 2 * 4 / 6) / 3,  # genre weighs 4 of the 6 asked
        "b": (0.8 / 0.9) / 3,
        "c": (0.7 / 0.9 + 2 * 6 / 6) / 3,
    }
    assert {r.row.id: r.score for r in fused} == pytest.approx(by_hand)
    assert [r.row.id for r in fused] == ["c", "a", "b"]
    assert fused[0].why == ("broad: rank 3, cosine 0.70", "targeted: rank 1, genre jig, mood sad")
    assert fused[1].why[1] == "targeted: rank 2, genre jig (not mood sad)"


def test_what_the_text_says_weighs_half_beside_what_is_asked():
    wanted = read_words("a solemn piece", Wanted(mode="minor"))
    assert share(row("a", 0.5, mode="minor"), wanted) == pytest.approx(2 / 3)
    assert share(row("b", 0.5, mood="solemn"), wanted) == pytest.approx(1 / 3)
    assert share(row("c", 0.5, mood="solemn"), read_words("a solemn piece", Wanted())) == 1.0


def test_ties_are_ordered_by_id():
    rows = [row("z", 0.5), row("a", 0.5), row("m", 0.5)]
    assert [r.id for r in broad(rows)] == ["a", "m", "z"]


def test_variety_prefers_what_differs():
    ranked = fuse([row("a", 0.90), row("b", 0.89), row("c", 0.88)], [], Wanted())
    assert ranked[0].score == 1.0
    vectors = {
        "a": np.array([1.0, 0.0], dtype=np.float32),
        "b": np.array([1.0, 0.0], dtype=np.float32),
        "c": np.array([0.0, 1.0], dtype=np.float32),
    }
    assert [r.row.id for r in diversify(ranked, vectors, 2)] == ["a", "c"]
    assert [r.row.id for r in diversify(ranked, vectors, 3)] == ["a", "b", "c"]
