import gzip
import json
import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from chiaroscore import StoreError
from rag_store.builtin import (
    Analysed,
    LeftOut,
    analyse,
    builtin_exemplars,
    builtin_vectors,
    caption_digest,
    data_folder,
    load_shipped,
)
from rag_store.state import store_state
from rag_store.store import Store


@pytest.fixture(scope="module")
def builtin():
    return builtin_exemplars()


def test_what_is_there(builtin):
    assert len(builtin) > 3500
    assert len({exemplar.id for exemplar in builtin}) == len(builtin)
    assert all(8 <= exemplar.bars <= 64 for exemplar in builtin)
    assert len({exemplar.genre for exemplar in builtin}) >= 20
    assert sum(exemplar.licence == "CC0-1.0" for exemplar in builtin) >= 24
    for exemplar in builtin[::50]:
        assert exemplar.abc.startswith("X:1\n")
        assert exemplar.mood in exemplar.caption.lower() and exemplar.title in exemplar.caption
        assert -1 <= exemplar.valence <= 1 and -1 <= exemplar.arousal <= 1


def test_shipped_analysis_is_what_the_code_finds(raws):
    """A sample analysed again: a rule that changed without scripts/build_vectors.py being run fails here."""
    shipped = load_shipped()
    own = [raw for raw in raws if raw.source == "chiaroscore"]
    for raw in [*own[::6], *random.Random(11).sample(raws, 40)]:
        earlier = shipped.outcome(raw)
        assert earlier is not None, f"{raw.id} is not in analysis.json.gz: run scripts/build_vectors.py"
        if earlier == "copy":
            continue
        try:
            now = analyse(raw)
        except LeftOut as error:
            assert earlier == str(error)
            continue
        assert isinstance(earlier, Analysed)
        assert earlier == now, f"{raw.id}: run scripts/build_vectors.py"


def test_no_tune_twice():
    prints = [
        entry["print"]
        for entry in load_shipped().kept.values()
        if not entry["fields"]["id"].startswith("chia")
    ]
    assert len(prints) == len(set(prints))


def test_shipped_vectors(builtin, embedder):
    path = data_folder() / "vectors.npz"
    assert path.stat().st_size < 5_000_000
    with np.load(path, allow_pickle=False) as loaded:
        assert loaded["vectors"].dtype == np.float16
        known = {bytes(digest) for digest in loaded["captions"]}
    assert all(caption_digest(exemplar.caption) in known for exemplar in builtin)
    sample = random.Random(3).sample(builtin, 12)
    rows = builtin_vectors(sample, embedder)
    assert (rows * embedder.embed([e.caption for e in sample])).sum(axis=1).min() > 0.9999


def test_vectors_of_another_model_are_not_taken(sixty):
    class Small:
        id, dim = "small", 4

        def embed(self, texts):
            return np.full((len(texts), 4), 0.5, dtype=np.float32)

    assert builtin_vectors(sixty[:3], Small()).shape == (3, 4)


def test_broken_analysis(tmp_path):
    (tmp_path / "analysis.json.gz").write_bytes(gzip.compress(json.dumps({"kept": {}}).encode()))
    with pytest.raises(StoreError, match="broken"):
        load_shipped(tmp_path)
    (tmp_path / "analysis.json.gz").write_bytes(b"no gzip")
    with pytest.raises(StoreError, match="broken"):
        load_shipped(tmp_path)


def test_full_store(tmp_path, monkeypatch, builtin):
    """The built-in store, built as a user's first call does, then opened and asked by a fresh process."""
    monkeypatch.setenv("CHIAROSCORE_CACHE", str(tmp_path))
    stages = []
    assert not store_state().ready
    started = time.perf_counter()
    with Store.open(progress=lambda stage, done, total: stages.append((stage, done, total))) as store:
        print(f"built in {time.perf_counter() - started:.1f} s")
        assert store.count() == len(builtin)
        assert {stage for stage, _, _ in stages} == {"reading tunes", "writing the store"}
        assert all(0 < done <= total for _, done, total in stages)
        best = store.search("slow sad waltz in minor")[0].exemplar
        assert (best.genre, best.mode) == ("waltz", "minor")
        jigs = store.search("fast joyful jig in D major", k=5, genre="jig")
        assert all(hit.exemplar.genre == "jig" for hit in jigs)
        generation = store._manifest.generation
        assert store.check() == []
    assert store_state().ready and store_state().count == len(builtin)
    code = (
        "from time import perf_counter as now\nfrom rag_store import Store\n"
        "a = now(); import chromadb; b = now()\n"
        "s = Store.open(); c = now(); h = s.search('slow sad waltz in minor'); d = now()\n"
        "print(h[0].exemplar.genre, f'import {b-a:.2f} open {c-b:.2f} first search {d-c:.2f} s')"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    print(out.stdout)
    assert out.stdout.startswith("waltz")
    assert store_state().ready
    with Store.open() as again:  # not built anew
        assert again._manifest.generation == generation


def test_changed_data_is_built_anew_and_keeps_what_users_added(tmp_path, monkeypatch, sixty, embedder):
    import dataclasses

    monkeypatch.setattr("rag_store.building.builtin_exemplars", lambda progress: list(sixty[:20]))
    monkeypatch.setattr("rag_store.building.builtin_digest", lambda: "one")
    monkeypatch.setattr("rag_store.places.builtin_digest", lambda: "one")
    with Store.open(tmp_path, embedder=embedder) as store:
        mine = dataclasses.replace(sixty[25], id="mine:1")
        store.add([mine])
        with pytest.raises(StoreError, match="built-in source"):
            store.add([dataclasses.replace(sixty[25], id="ryans:mine")])
    monkeypatch.setattr("rag_store.building.builtin_digest", lambda: "two")
    monkeypatch.setattr("rag_store.places.builtin_digest", lambda: "two")
    monkeypatch.setattr("rag_store.building.builtin_exemplars", lambda progress: list(sixty[:22]))
    with Store.open(tmp_path, embedder=embedder) as store:
        assert store.count() == 23
        assert store.get("mine:1") == mine
        assert store.check() == []
