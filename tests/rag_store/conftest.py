import random

import pytest

from rag_store.builtin import LeftOut, analyse
from rag_store.corpus import read_builtin
from rag_store.embed import MiniLM
from rag_store.searching import nearness
from rag_store.store import Store


@pytest.fixture(scope="session")
def embedder():
    return MiniLM()


@pytest.fixture(scope="session")
def raws():
    return list(read_builtin())


@pytest.fixture(scope="session")
def sixty(raws):
    """About sixty analysed exemplars: our own, and a seeded sample of the corpus."""
    rng = random.Random(7)
    own = [raw for raw in raws if raw.source == "chiaroscore"]
    corpus = rng.sample([raw for raw in raws if raw.source != "chiaroscore"], 26)
    kept = []
    for raw in own + corpus:
        try:
            kept.append(analyse(raw).exemplar)
        except LeftOut:
            continue
    assert len(kept) > 50
    return kept


@pytest.fixture(scope="session")
def small_place(tmp_path_factory, sixty, embedder):
    place = tmp_path_factory.mktemp("small") / "store"
    Store.build(place, sixty, embedder=embedder).close()
    return place


@pytest.fixture
def small(small_place, embedder):
    with Store.open(small_place, embedder=embedder) as store:
        yield store


@pytest.fixture
def asking_the_index(monkeypatch):
    """Make a small store ask its index as a large one does; returns the list of what it is asked."""

    def watch(store):
        asked, nearest = [], store._index.nearest
        monkeypatch.setattr(nearness, "ASKING", 0)
        monkeypatch.setattr(nearness, "GIVEN", 0)
        monkeypatch.setattr(store._index, "nearest", lambda *given: asked.append(given) or nearest(*given))
        return asked

    return watch
