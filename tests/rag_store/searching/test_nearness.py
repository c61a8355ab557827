from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag_store.searching import nearness
from rag_store.searching.exhaustive import Exhaustive
from rag_store.searching.nearness import BLOCK, Neighbours


@pytest.fixture
def quick(monkeypatch):
    """An index that is quicker than comparing thousands: as if there were a hundred times as many rows."""
    monkeypatch.setattr(nearness, "ASKING", 1000)
    monkeypatch.setattr(nearness, "GIVEN", 3)


def brute(columns, vectors, query, mask, n):
    rows = [row for row in range(len(columns)) if mask[row]]
    cosine = {row: round(float(np.einsum("i,i->", vectors[row], query)), 6) for row in rows}
    return sorted(rows, key=lambda row: (-cosine[row], columns.ids[row]))[:n]


class Counted:
    """An index that leaves rows out, and counts what it is asked."""

    def __init__(self, vectors, lost=()):
        self.exact, self.lost, self.asked = Exhaustive(lambda space: vectors), lost, []

    def __call__(self, space, query, n):
        self.asked.append(n)
        rows, cosines = self.exact(space, query, n + len(self.lost))
        found = ~np.isin(rows, self.lost)
        return rows[found][:n], cosines[found][:n]


@pytest.mark.parametrize(
    ("share", "n", "by_index"),
    [(1.0, 40, True), (0.7, 200, True), (0.25, 200, True), (0.05, 200, False), (0.0, 5, False)],
)
def test_within_is_what_comparing_everything_gives(big, quick, share, n, by_index):
    columns, vectors, query = big
    index = Counted(vectors)
    mask = np.random.default_rng(5).random(len(columns)) < share
    found = Neighbours("text", query, columns, vectors, index).within(mask, n)
    assert found.tolist() == brute(columns, vectors, query, mask, n)
    assert bool(index.asked) == by_index


def test_a_condition_against_the_query_asks_again_or_compares(big, quick):
    columns, vectors, query = big
    cosines = vectors @ query
    index = Counted(vectors)
    far = cosines < np.quantile(cosines, 0.9)  # the nearest tenth is out
    found = Neighbours("text", query, columns, vectors, index).within(far, 20)
    assert found.tolist() == brute(columns, vectors, query, far, 20)
    assert 1 <= len(index.asked) <= 4 and max(index.asked) < len(columns) / 2
    opposite = cosines < np.quantile(cosines, 0.4)
    found = Neighbours("text", query, columns, vectors, index).within(opposite, 20)
    assert found.tolist() == brute(columns, vectors, query, opposite, 20)


def test_one_answer_of_the_index_serves_several_conditions(big, quick):
    columns, vectors, query = big
    index = Counted(vectors)
    near = Neighbours("text", query, columns, vectors, index)
    near.within(np.random.default_rng(1).random(len(columns)) < 0.6, 200)
    near.within(np.ones(len(columns), np.bool_), 40)
    assert len(index.asked) == 1


def test_what_the_index_loses_is_all_that_is_lost(big, quick):
    columns, vectors, query = big
    everything = np.ones(len(columns), np.bool_)
    truth = brute(columns, vectors, query, everything, 100)
    found = Neighbours("text", query, columns, vectors, Counted(vectors, truth[10:12])).within(everything, 98)
    assert found.tolist() == truth[:10] + truth[12:100]
    few = np.zeros(len(columns), np.bool_)
    few[truth[:60]] = True
    found = Neighbours("text", query, columns, vectors, Counted(vectors, truth[10:12])).within(few, 50)
    assert found.tolist() == truth[:50]  # few rows are compared, whatever the index knows


def test_the_index_of_some_thousands_is_not_asked(big):
    columns, vectors, query = big
    index = Counted(vectors)
    everything = np.ones(len(columns), np.bool_)
    found = Neighbours("text", query, columns, vectors, index).within(everything, 120)
    assert found.tolist() == brute(columns, vectors, query, everything, 120) and not index.asked


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (700, 5321), (BLOCK, 3 * BLOCK), (8999, 9000)])
def test_a_run_of_rows_is_compared_as_its_rows_are(big, start, stop):
    columns, vectors, query = big
    run = np.zeros(len(columns), np.bool_)
    run[start:stop] = True
    run[start + 1 : stop : 7] = False
    run[-1] = True  # one far from the others, which is gathered
    near = Neighbours("text", query, columns, vectors, Counted(vectors))
    assert near.within(run, 60).tolist() == brute(columns, vectors, query, run, 60)


@pytest.mark.parametrize(("ahead", "asked"), [(120, [120]), (40, [40, 120])])
def test_what_is_asked_ahead_is_not_asked_again_unless_more_is_needed(big, quick, ahead, asked):
    columns, vectors, query = big
    index = Counted(vectors)
    near = Neighbours("text", query, columns, vectors, index)
    everything = np.ones(len(columns), np.bool_)
    with ThreadPoolExecutor(1) as threads:
        near.ask_ahead(everything, ahead, threads)
        assert near.within(everything, 120).tolist() == brute(columns, vectors, query, everything, 120)
        assert near.within(everything, 40).tolist() == brute(columns, vectors, query, everything, 40)
    assert sorted(index.asked) == asked


def test_an_index_that_fails_ahead_fails_the_search(big, quick):
    columns, vectors, query = big

    def broken(space, query, n):
        raise OSError("gone")

    near = Neighbours("text", query, columns, vectors, broken)
    everything = np.ones(len(columns), np.bool_)
    with ThreadPoolExecutor(1) as threads:
        near.ask_ahead(everything, 40, threads)
        with pytest.raises(OSError, match="gone"):
            near.within(everything, 40)


@pytest.mark.parametrize("share", [0.01, 0.5])
def test_rows_without_a_vector_are_never_near(big, quick, share):
    columns, vectors, query = big
    there = np.random.default_rng(6).random(len(columns)) < share
    some = np.where(there[:, None], vectors, np.nan).astype(np.float32)
    near = Neighbours("image", query, columns, some, Counted(some))
    everything = np.ones(len(columns), np.bool_)
    assert near.within(everything, 200).tolist() == brute(columns, vectors, query, there, 200)
    assert near.cosines(np.flatnonzero(~there)[:3]).tolist() == [-2.0] * 3


def test_equal_cosines_follow_the_ids(made):
    columns = made([{"id": name} for name in ("m:z", "m:a", "m:q", "m:b")])
    vectors = np.array([[1, 0], [1, 0], [0, 1], [1, 0]], np.float32)
    near = Neighbours("text", np.array([1, 0], np.float32), columns, vectors, Counted(vectors))
    everything = np.ones(4, np.bool_)
    assert near.within(everything, 4).tolist() == [1, 3, 0, 2]
    assert near.within(everything, 2).tolist() == [1, 3]


def test_equal_vectors_have_equal_cosines_wherever_they_lie(big):
    columns, vectors, query = big
    copies = vectors.copy()
    copies[7::97] = copies[7]
    near = Neighbours("text", query, columns, copies, Counted(copies))
    assert len(set(near.cosines(np.arange(7, 9000, 97)).tolist())) == 1
