"""A store on a real Chroma server: the same answers, seen by all, one writer, and kill -9 in between."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from chiaroscore import ControlError, StoreError
from rag_store import Store
from rag_store.manifest import StoreBusyError
from rag_store.served import lease as leasing
from rag_store.served.address import read_address
from rag_store.served.connection import Connection
from rag_store.served.index import ServedIndex
from rag_store.served.lease import holder, leased
from rag_store.served.ledger import Ledger

QUERIES = ("slow sad waltz in minor", "a lively jig", "dark and tense, minor key")


@pytest.fixture
def served(published, embedder, machine):
    machine("here")
    with Store.open(published.url, embedder=embedder) as store:
        yield store


def test_answers_as_the_embedded_store_does(served, small, contents):
    assert contents(served) == contents(small)
    for query in QUERIES:
        assert served.search(query, k=5) == small.search(query, k=5)
    assert served.stats()["genre"] == small.stats()["genre"]
    assert served.check() == []


def test_the_servers_index_gives_the_nearest(served, small):
    """Small stores are compared whole by a search, so the index is asked here by itself."""
    vectors = small.resident.vectors["text"]
    index = ServedIndex(served._connection, served.spaces)
    for row, (ids, cosines) in enumerate(index.nearest("text", vectors[:20], 5)):
        exact = vectors @ vectors[row]
        assert sorted(cosines, reverse=True) == pytest.approx(sorted(exact, reverse=True)[:5], abs=1e-5)
        assert small.resident.columns.ids[row] in ids


def test_a_search_asks_the_server_where_that_is_quicker(served, small, asking_the_index):
    compared = [small.search(query, k=5) for query in QUERIES]
    asked = asking_the_index(served)
    assert [served.search(query, k=5) for query in QUERIES] == compared
    assert len(asked) >= len(QUERIES)


def test_another_process_gives_the_same_and_sees_what_is_added(served, sixty, published, tmp_path):
    mine = dataclasses.replace(sixty[0], id="mine:1", title="Thirds and sevenths", tempo=100 / 3)
    try:
        assert served.add([mine]) == 1
        assert served.get("mine:1") == mine
        script = f"""
            from rag_store import Store
            with Store.open({published.url!r}) as store:
                print(repr(store.get("mine:1")))
                print([hit.exemplar.id for hit in store.search({QUERIES[0]!r}, k=5)])
        """
        environment = os.environ | {"CHIAROSCORE_CACHE": str(tmp_path / "there")}
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)],
            env=environment, capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        got, hits = done.stdout.splitlines()
        assert got == repr(mine)
        assert hits == repr([hit.exemplar.id for hit in served.search(QUERIES[0], k=5)])
    finally:
        served.remove(["mine:1"])


def test_adding_replacing_and_removing_reach_other_machines(
    served, sixty, published, embedder, machine, contents
):
    first, second = (dataclasses.replace(one, id=f"mine:{n}") for n, one in enumerate(sixty[:2]))
    before = served.count()
    machine("there")
    with Store.open(published.url, embedder=embedder) as other:
        served.add([first, second])
        other.refresh()
        assert other.count() == before + 2
        other.add([dataclasses.replace(first, title="Renamed")])
        assert other.remove(["mine:1"]) == 1
        served.refresh()
        assert served.get("mine:0").title == "Renamed"
        served.add([second])  # removed, and there again
        served.remove(["mine:0"])
        machine("third")
        with Store.open(published.url, embedder=embedder) as third:
            assert contents(third) == contents(served)
            other.refresh()
            assert contents(other) == contents(served)
            assert third.remove(["mine:1"]) == 1
            assert third.check() == []
    served.refresh()
    assert served.count() == before


def test_a_second_writer_is_refused_by_name(served, published, embedder, machine):
    machine("there")
    with (
        Store.open(published.url, embedder=embedder) as other,
        served.writing(),
        pytest.raises(StoreBusyError, match=f"process {os.getpid()} on "),
        other.writing(wait=0.0),
    ):
        pytest.fail("two writers")
    with other_lease(published.url):
        pass  # the lease is free again


@contextlib.contextmanager
def other_lease(url):
    with contextlib.closing(Connection(read_address(url))) as connection:
        ledger = Ledger(connection)
        with leased(connection, ledger, 0.0) as lease:
            yield connection, ledger, lease


def test_of_all_that_ask_one_gets_the_lease(published):
    got, refused, start, end = [], [], threading.Barrier(6), threading.Barrier(6)

    def ask():
        start.wait()
        try:
            with other_lease(published.url):
                got.append(1)
                end.wait()
        except StoreBusyError:
            refused.append(1)
            end.wait()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 5)


def test_an_expired_lease_is_taken_over_and_the_late_writer_notices(published, monkeypatch):
    monkeypatch.setattr(leasing, "EXPIRY", -1.0)
    monkeypatch.setattr(leasing, "RENEWAL", 3600.0)
    with other_lease(published.url) as (_, _, late):
        monkeypatch.setattr(leasing, "EXPIRY", 60.0)
        with other_lease(published.url) as (connection, ledger, _):
            with pytest.raises(StoreError, match="lost its lease"):
                late.check()
            held = holder(ledger, connection)
            assert held is not None
            assert held.until > connection.now()


def test_publishing_again_sends_what_differs(published, small_place, embedder, sixty, machine):
    machine("here")
    with Store.open(small_place, embedder=embedder) as store:
        again = store.publish(published.url)
        assert (again.written, again.same, again.others) == (0, store.count(), 0)
    with Store.open(published.url, embedder=embedder) as served:
        served.add([dataclasses.replace(sixty[0], id="mine:1"), dataclasses.replace(sixty[1], title="Other")])
    with Store.open(small_place, embedder=embedder) as store:
        kept = store.publish(published.url)
        assert (kept.written, kept.removed, kept.others) == (1, 0, 1)
        pruned = store.publish(published.url, prune=True)
        assert (pruned.written, pruned.removed, pruned.others) == (0, 1, 0)


def test_a_changed_row_is_noticed(published, embedder, machine):
    """Rows that are not those that were written are never taken for the store."""
    connection = Connection(read_address(published.url))
    rows = connection.collection("exemplars.text")
    victim = rows.get(limit=1, include=["metadatas"])
    identity, good = victim["ids"][0], victim["metadatas"][0]
    try:
        for change, message in (
            ({"title": "Forged"}, "not those that were written"),
            ({"genre": "nonsense"}, "no exemplar"),
            ({"voices": 2**40}, "no exemplar"),
            ({"lines": "AAAA"}, "no exemplar"),
            ({"exact": "[1, 2, 3, NaN]"}, "no exemplar"),
        ):
            rows.update(ids=[identity], metadatas=[change])
            machine(message + str(change)[:8])
            with pytest.raises(StoreError, match=message):
                Store.open(published.url, embedder=embedder)
            rows.update(ids=[identity], metadatas=[good])
    finally:
        rows.update(ids=[identity], metadatas=[good])
        connection.close()


def test_killed_while_publishing_and_published_again(
    tmp_path, small_place, embedder, machine, serve, contents
):
    """Killed after rows were written, before they were settled; the next writer waits for the lease's end."""
    script = f"""
        import os, signal
        from rag_store import Store
        from rag_store.served import lease, publishing, writing
        lease.EXPIRY, lease.RENEWAL = 1.0, 0.3
        writing.PAGE = publishing.PAGE = 13
        left = [3]
        def die(index, entries):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
        writing.self_recall = die
        Store.open({str(small_place)!r}).publish(os.environ["URL"])
    """
    with serve(tmp_path / "server") as server:
        machine("here")
        with pytest.raises(StoreError, match=r"no store at .* chiaroscore store publish"):
            Store.open(server.url, embedder=embedder)
        environment = os.environ | {"URL": server.url}
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)],
            env=environment,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
        machine("there")  # the killed writer's mirror is not needed
        with Store.open(small_place, embedder=embedder) as store:
            with pytest.raises(StoreBusyError, match="being written by process"):
                store.publish(server.url, wait=0.0)
            done_now = store.publish(server.url, wait=10.0)
            assert 0 < done_now.same < store.count()
            with Store.open(server.url, embedder=embedder) as served:
                assert contents(served) == contents(store)
                assert served.check() == []
                server.stop()
                with pytest.raises(StoreError, match="chroma run --path"):
                    served.refresh()
            with pytest.raises(StoreError, match=r"is it running\?.*chroma run --path"):
                Store.open(server.url, embedder=embedder)


def test_the_command_publishes(published, small_place, small, machine, cli):
    machine("here")
    done = cli("store", "publish", published.url, "--store", small_place, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["written"], told["same"], told["others"]) == (0, small.count(), 0)


@pytest.mark.parametrize(
    "url", ["http://me:secret@host:8000", "http://host:8000/path", "https://", "http://h:x"]
)
def test_urls_that_are_refused(url, embedder):
    with pytest.raises(ControlError) as caught:
        Store.open(url, embedder=embedder)
    assert "secret" not in str(caught.value)


def test_the_token_is_sent_and_in_no_message(monkeypatch):
    monkeypatch.setenv("CHIAROSCORE_STORE_TOKEN", "hidden-word")
    address = read_address("http://127.0.0.1:1")
    assert address.headers["Authorization"] == "Bearer hidden-word"
    with pytest.raises(StoreError) as caught:
        Connection(address)
    assert "hidden-word" not in f"{caught.value!r} {address!r} {address}"
