"""Music finds music: what a vector stays the same under, and what it tells apart."""

import re

import numpy as np
import pytest

from chiaroscore import NotationError, StoreError
from notation import parse
from rag_store.builtin import Analysed, load_shipped
from rag_store.corpus import corpus_folder, read_book, sources
from rag_store.spaces import ByNotes, MusicEmbedder, builtin_music_vectors
from rag_store.spaces.music import data_folder

REEL = (
    "X:1\nM:4/4\nL:1/8\nK:D\n|:d2fd Adfd|edef gfed|d2fd Adfd|edcB A2d2:|\n"
    "|:faaf gbbg|faaf gfed|faaf gbbg|edcB A2d2:|\n"
)
WALTZ = "X:1\nM:3/4\nL:1/4\nQ:1/4=90\nK:Gm\nG2B|d2c|B2A|G3|f2d|c2B|A2^F|G3|\n"
HYMN = "X:1\nM:4/4\nL:1/4\nK:C\nV:1\n[EGc]2[FAc]2|[DGB]2[EGc]2|\nV:2\nC,2F,2|G,2C,2|\n"


@pytest.fixture(scope="module")
def embedder():
    return MusicEmbedder()


def likeness(embedder, *texts):
    rows = embedder.embed(texts)
    return rows @ rows.T


def down_a_third(abc):
    """The reel in B: letters moved by hand, accidentals by the key."""
    head, body = abc.split("K:D\n")
    return f"{head}K:B\n" + re.sub("[A-Ga-g]", lambda found: _lower(found[0]), body)


def _lower(letter):
    order = "CDEFGABcdefgab"
    place = order.index(letter) - 2
    return order[place] if place >= 0 else order[place + 7] + ","


def test_a_vector_is_of_unit_length_and_the_same_every_time(embedder):
    rows = embedder.embed([REEL, WALTZ, HYMN])
    assert rows.shape == (3, embedder.dim) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows.tobytes() == embedder.embed([parse(REEL), WALTZ, HYMN]).tobytes()
    assert rows.tobytes() == np.concatenate([embedder.embed([one]) for one in (REEL, WALTZ, HYMN)]).tobytes()
    assert embedder.embed([]).shape == (0, embedder.dim)


def test_a_transposed_tune_is_the_same_but_for_its_height(embedder):
    assert likeness(embedder, REEL, down_a_third(REEL))[0, 1] > 0.99


@pytest.mark.parametrize(
    "rewritten",
    [
        pytest.param(REEL.replace("M:4/4\nL:1/8", "M:2/4\nL:1/16"), id="half the values"),
        pytest.param(REEL.replace("M:4/4\nL:1/8", "M:4/2\nL:1/4"), id="twice the values"),
        pytest.param(REEL.replace("M:4/4", "M:C|"), id="cut time"),
    ],
)
def test_other_note_values_are_the_same_music(embedder, rewritten):
    assert likeness(embedder, REEL, rewritten)[0, 1] > 0.999


def test_tempo_players_and_drums_move_a_vector_a_little(embedder):
    fast, slow, brass = (
        REEL.replace("K:D", extra + "K:D") for extra in ("Q:1/4=220\n", "Q:1/4=50\n", "%%MIDI program 56\n")
    )
    near = likeness(embedder, REEL, fast, slow, brass, WALTZ)
    assert near[1, 2] < near[0, 1] < 0.999
    assert 0.7 < near[0, 3] < 0.99
    assert near[0, 4] < near[1, 2]


def test_a_key_that_is_not_written_is_found(embedder):
    assert likeness(embedder, HYMN, HYMN.replace("K:C", "K:none"))[0, 1] > 0.99


def test_drums_alone_have_a_vector_and_silence_has_none(embedder):
    drums = "X:1\nM:4/4\nL:1/8\nK:C\nV:1 perc\n%%MIDI channel 10\nC,2D,2C,2D,2|\n"
    assert np.isfinite(embedder.embed([drums])).all()
    with pytest.raises(NotationError, match="no notes"):
        embedder.embed(["X:1\nK:C\nz4|\n"])


def test_a_space_of_other_features_is_refused(tmp_path):
    with pytest.raises(StoreError, match=r"music_space\.npz"):
        MusicEmbedder(tmp_path)
    np.savez(tmp_path / "music_space.npz", version=1, mean=np.zeros(3), matrix=np.zeros((3, 80)))
    with pytest.raises(StoreError, match="build_music_space"):
        MusicEmbedder(tmp_path)


@pytest.fixture(scope="module")
def ryans():
    """The tunes of one book that are in the built-in store."""
    shipped, key = load_shipped(), "ryans"
    raws = read_book(corpus_folder() / sources()[key]["folder"], key)
    found = (shipped.outcome(raw) for raw in raws)
    return [one.exemplar for one in found if isinstance(one, Analysed)]


@pytest.fixture(scope="module")
def space(embedder):
    """Vectors of all built-in exemplars that are stored whole, and what is known of them."""
    with np.load(data_folder() / "music_vectors.npz") as loaded:
        assert str(loaded["space"]) == embedder.id
        rows = dict(zip((bytes(text).decode() for text in loaded["texts"]), loaded["vectors"], strict=True))
    kept = [entry for entry in load_shipped().kept.values() if "length" not in entry]
    vectors = np.array([rows[entry["text"]] for entry in kept], dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [entry["fields"] for entry in kept], vectors


def test_shipped_vectors_are_those_of_the_embedder(ryans, embedder, tmp_path):
    told, chosen = [], ryans[::60]
    shipped = builtin_music_vectors(chosen, embedder, lambda *step: told.append(step))
    assert told == []  # all of them are shipped
    fresh = ByNotes(embedder, tmp_path).place(chosen, lambda *step: told.append(step))
    assert told == [("hearing tunes", len(chosen), len(chosen))]
    assert ((fresh * shipped).sum(axis=1) > 0.9995).all()
    assert fresh.tobytes() == embedder.embed([one.abc for one in chosen]).tobytes()


def test_the_second_half_of_a_tune_finds_its_first(ryans, space, embedder):
    """Among all exemplars but its own; for figures over all: scripts/build_music_space.py --measure."""
    fields, rows = space
    ranks = []
    for exemplar in ryans[::25]:
        head, body = exemplar.abc.split("\nK:", 1)
        key, body = body.split("\n", 1)
        parts = [part for part in re.split(r":\|\|?:?|\|\]|\|\|", body) if part.count("|") >= 3]
        if len(parts) >= 2:
            first, second = embedder.embed([f"{head}\nK:{key}\n{part.strip()}|\n" for part in parts[:2]])
            others = np.array([one["id"] != exemplar.id for one in fields])
            ranks.append(1 + int((rows[others] @ second > first @ second).sum()))
    assert len(ranks) >= 15
    assert np.median(ranks) <= 100  # of some 3,900: by chance in the middle


def test_neighbours_are_of_one_kind(space):
    fields, rows = space
    chosen = np.arange(3, len(fields), 10)
    near = rows[chosen] @ rows.T
    near[np.arange(len(chosen)), chosen] = -2
    best = near.argmax(axis=1)
    for name in ("genre", "mode", "meter"):
        values = np.array([one[name] for one in fields])
        chance = ((np.unique(values, return_counts=True)[1] / len(values)) ** 2).sum()
        assert (values[best] == values[chosen]).mean() > chance + 0.15, name
