import contextlib
import dataclasses
import json
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

from chiaroscore import StoreError
from rag_store import writing
from rag_store.places import NAME
from rag_store.records import content_digest, from_record, to_metadata
from rag_store.store import Store


class OtherModel:
    id, dim = "another-model", 16

    def embed(self, texts):
        rows = np.array([[hash(text) % 97 + i for i in range(16)] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_self_recall_is_total(small, sixty, embedder):
    vectors = embedder.embed([exemplar.caption for exemplar in sixty])
    answers = small._index.nearest("text", vectors, 3)
    assert all(exemplar.id in ids for exemplar, (ids, _) in zip(sixty, answers, strict=True))
    assert small.check() == []


def test_round_trip(small, sixty):
    assert small.count() == len(sixty)
    for exemplar in sixty[::7]:
        assert small.get(exemplar.id) == exemplar
    with pytest.raises(StoreError, match="nobody:1"):
        small.get("nobody:1")


def test_stats(small, sixty):
    stats = small.stats()
    assert stats["count"] == len(sixty) == sum(stats["genre"].values()) == sum(stats["licence"].values())
    assert stats["spaces"]["text"] == "sentence-transformers/all-MiniLM-L6-v2 (384-d)"


def test_digest_is_carried_on(sixty):
    a, b = sixty[:20], sixty[20:30]
    assert content_digest(reversed(a)) == content_digest(a)
    assert content_digest(b, a[:5], content_digest(a)) == content_digest(a[5:] + b)
    assert content_digest(a) != content_digest([dataclasses.replace(a[0], mood="tense"), *a[1:]])


def test_records_keep_every_field(sixty):
    exemplar = sixty[0]
    assert from_record(exemplar.id, exemplar.abc, to_metadata(exemplar)) == exemplar
    assert str(to_metadata(dataclasses.replace(exemplar, valence=-0.0))["valence"]) == "0.0"
    lacking = {k: v for k, v in to_metadata(exemplar).items() if k != "mood"}
    with pytest.raises(StoreError, match="mood"):
        from_record(exemplar.id, exemplar.abc, lacking)


def test_another_model_is_refused(small_place):
    with pytest.raises(StoreError, match=r"MiniLM-L6-v2.*384-d.*another-model.*16-d.*rebuild"):
        Store.open(small_place, embedder=OtherModel())


def test_another_model_may_build_its_own(tmp_path, sixty):
    with Store.build(tmp_path / "s", sixty[:10], embedder=OtherModel()) as store:
        assert store.stats()["spaces"]["text"] == "another-model (16-d)"
        assert store.check() == []


def test_second_writer_gets_a_clear_error(tmp_path, sixty, embedder, monkeypatch):
    place = tmp_path / "s"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib; from rag_store.manifest import writer_lock\n"
            "with writer_lock(pathlib.Path(sys.argv[1]), 5): print('held', flush=True); sys.stdin.read()",
            str(place),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        monkeypatch.setattr("rag_store.store.WAIT", 0.2)
        started = time.monotonic()
        with pytest.raises(StoreError, match="written by another process"):
            Store.build(place, sixty[:3], embedder=embedder)
        assert time.monotonic() - started < 30
    finally:
        holder.communicate()
    Store.build(place, sixty[:3], embedder=embedder).close()  # and the lock goes with its holder


def test_interrupted_build_leaves_the_old_store(tmp_path, sixty, embedder, monkeypatch):
    place = tmp_path / "s"
    Store.build(place, sixty[:12], embedder=embedder).close()
    before = sorted(os.listdir(place))

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "self_recall", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Store.build(place, sixty, embedder=embedder)
    monkeypatch.undo()
    assert sorted(os.listdir(place)) == before  # the half-filled generation is gone
    with Store.open(place, embedder=embedder) as store:
        assert store.count() == 12 and store.check() == []


def test_lost_rows_are_written_again(tmp_path, sixty, embedder, monkeypatch):
    """The fault Chroma shows now and then, made here: the first look misses a row."""
    looks = []

    def missing_at_first(index, space, vectors):
        looks.append(len(vectors))
        return sorted(vectors)[:1] if len(looks) == 1 else []

    monkeypatch.setattr(writing, "unreachable", missing_at_first)
    same = [exemplar for exemplar in sixty if exemplar.genre == "reel"][:4]
    with Store.build(tmp_path / "s", same, embedder=embedder) as store:
        assert looks[:2] == [len(same), 1] and store.count() == len(same)
    monkeypatch.setattr(writing, "unreachable", lambda _index, _space, vectors: sorted(vectors)[:2])
    with pytest.raises(StoreError, match="2 of 4 exemplars by their own text vectors"):
        Store.build(tmp_path / "t", same, embedder=embedder)


def test_killed_build_is_swept(tmp_path, sixty, embedder):
    place = tmp_path / "s"
    (place / "generation-dead" / "x").mkdir(parents=True)
    (place / "generation-dead" / "chroma.sqlite3").write_bytes(b"half")
    with Store.build(place, sixty[:5], embedder=embedder) as store:
        assert store.count() == 5
    assert not (place / "generation-dead").exists()


def test_lost_files_and_broken_manifest(tmp_path, sixty, embedder):
    place = tmp_path / "s"
    Store.build(place, sixty[:5], embedder=embedder).close()
    manifest = json.loads((place / "manifest.json").read_text())
    shutil.rmtree(place / manifest["generation"])
    with pytest.raises(StoreError, match=r"catalogue.*is missing.*rebuild"):
        Store.open(place, embedder=embedder)
    (place / "manifest.json").write_text("{ half")
    with pytest.raises(StoreError, match=r"cannot be read.*rebuild"):
        Store.open(place, embedder=embedder)
    (place / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(StoreError, match="format 99"):
        Store.open(place, embedder=embedder)


def test_an_index_that_differs_is_noticed_and_mended(tmp_path, sixty, embedder):
    place = tmp_path / "s"
    with Store.build(place, sixty[:8], embedder=embedder) as store:
        store._index.delete([sixty[0].id])
        assert any(sixty[0].id in problem and "not in the text index" in problem for problem in store.check())
    with Store.open(place, embedder=embedder) as store:
        assert store.check() == [] and store._index.counts() == dict.fromkeys(store._index.spaces, 8)
        shutil.rmtree(store._folder / "chroma")
    with Store.open(place, embedder=embedder) as store:
        assert store.check() == [] and store.count() == 8


def test_exemplars_that_were_changed_behind_its_back_are_noticed(tmp_path, sixty, embedder):
    with Store.build(tmp_path / "s", sixty[:4], embedder=embedder) as store:
        with contextlib.closing(sqlite3.connect(store._folder / "catalogue.sqlite")) as file:
            file.execute("UPDATE exemplars SET mood = 'odd' WHERE id = ?", [sixty[0].id])
            file.commit()
        assert any("not those that were written" in problem for problem in store.check())


def test_building_again_gives_the_same_answers(tmp_path, sixty, embedder):
    asked = ("slow sad song in minor", "a fast jig", "heroic march in D major")
    answers = []
    for _ in range(2):
        with Store.build(tmp_path / "s", sixty, embedder=embedder) as store:
            answers.append(
                [[(h.exemplar.id, h.score, h.why) for h in store.search(text, k=6)] for text in asked]
            )
    assert answers[0] == answers[1]
    assert len([name for name in os.listdir(tmp_path / "s") if name.startswith("generation-")]) == 1


def test_open_twice_and_after_close(small_place, embedder):
    first, second = Store.open(small_place, embedder=embedder), Store.open(small_place, embedder=embedder)
    first.close()
    assert second.search("a jig", k=1)
    second.close()
    with pytest.raises(StoreError, match="closed"):
        second.count()


def test_fork_is_refused(small):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            small.count()
            os.write(write, b"worked")
        except StoreError as error:
            os.write(write, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert b"fork" in os.read(read, 1000)


def _count(place):
    with Store.open(place) as store:
        return store.count(), store.search("a fast jig", k=1)[0].exemplar.id


def test_spawned_workers_may_read(small, small_place, sixty):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        count, first = pool.apply(_count, (small_place,))
    assert count == len(sixty)
    assert first == small.search("a fast jig", k=1)[0].exemplar.id


def test_add_and_replace(tmp_path, sixty, embedder):
    with Store.build(tmp_path / "s", sixty[:20], embedder=embedder) as store:
        mine = dataclasses.replace(
            sixty[30], id="mine:1", genre="film", caption="A tune for whales under green ice."
        )
        assert store.add([mine]) == 1
        assert store.count() == 21
        assert store.search("whales under the ice", k=1)[0].exemplar == mine
        moved = dataclasses.replace(mine, genre="ambient")
        store.add([moved])
        assert store.count() == 21 and store.get("mine:1") == moved
        assert store.check() == []
    with Store.open(tmp_path / "s", embedder=embedder) as again:
        assert again.get("mine:1").genre == "ambient" and again.check() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [({"genre": "polkka"}, "unknown genre"), ({"caption": " "}, "no caption"), ({"id": ""}, "unique")],
)
def test_unfit_exemplars_are_refused(tmp_path, sixty, embedder, change, message):
    with pytest.raises(StoreError, match=message):
        Store.build(tmp_path / "s", [dataclasses.replace(sixty[0], **change)], embedder=embedder)
    assert not (tmp_path / "s" / "manifest.json").exists()


def test_nothing_or_twice_is_refused(tmp_path, sixty, embedder):
    with pytest.raises(StoreError, match="no exemplars"):
        Store.build(tmp_path / "s", [], embedder=embedder)
    with pytest.raises(StoreError, match="twice"):
        Store.build(tmp_path / "s", [sixty[0], sixty[0]], embedder=embedder)


def test_unwritable_place(sixty, embedder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write the store"):
        Store.build(tmp_path / "file" / "s", sixty[:1], embedder=embedder)


def test_default_place_follows_the_cache_variable(tmp_path, monkeypatch):
    from rag_store.places import place_of

    monkeypatch.setenv("CHIAROSCORE_CACHE", str(tmp_path))
    assert place_of(None) == tmp_path / NAME
