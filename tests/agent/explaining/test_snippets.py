"""Exemplars: the bars that lent a figure, cut out as tunes that hold just those notes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.explaining.snippets import MOST, cut, exemplar_items, snippets_of
from agent.offline.writer.melody import Use
from notation import check, parse

TWO = (
    "X:1\nT:Two\nM:3/4\nL:1/8\nK:G\nV:1\nV:2\n"
    "V:1\n|: (G2 A2) B2 | c2 (3def g2- |\nV:2\nG,6 | C,6 |\n"
    "V:1\ng2 z4 :| [K:D] !crescendo(!f6 |]\nV:2\nG,6 | D,6 |]\n"
)


@pytest.mark.parametrize(
    ("bars", "pitches"),
    [
        ([1], [67, 69, 71]), ([2], [72, 74, 76, 78, 79]), ([1, 2], [67, 69, 71, 72, 74, 76, 78, 79]),
        ([4], [78]), ([1, 3], [67, 69, 71, 79]),
    ],
)  # fmt: skip
def test_bars_are_cut_out_note_for_note(bars, pitches):
    abc = cut(TWO, bars)
    found = parse(abc)
    assert [note.pitch for note in found.voices[0].notes] == pitches and len(found.voices) == 1
    assert "crescendo" not in abc and found.title == "Two"
    assert found.key.tonic == ("D" if bars == [4] else "G")
    assert not [one for one in check(abc) if one.severity == "error"]


def test_what_cannot_be_cut_is_left_out():
    assert cut(TWO, [9]) == "" and cut("no music", [1]) == ""
    assert cut("X:1\nK:C\nV:1 clef=perc\nV:1\n[K:C clef=perc]\nF4|]\n", [1]) == ""


def test_nearly_every_exemplar_can_be_cut(agent_of_run):
    store = agent_of_run.store
    hits = store.search("a cheerful dance", k=60)
    ones = [cut(hit.exemplar.abc, [2]) for hit in hits]
    assert sum(map(bool, ones)) >= 0.95 * len(ones)


def test_those_that_lent_most_come_first(piece):
    found = snippets_of(piece.exemplars, piece.draft.uses)
    assert {one.id for one in found} == {hit.exemplar.id for hit in piece.exemplars}
    counts = [len(one.bars) for one in found]
    assert counts == sorted(counts, reverse=True) and counts[0] > 0
    for one in found:
        bars = {use.bar + 1 for use in piece.draft.uses if use.source == one.id}
        assert set(one.bars) == bars and bool(one.abc) == bool(bars)
        assert one.licence and one.why and len(parse(one.abc).voices[0].bars if one.abc else ()) <= MOST


def test_an_exemplar_that_the_store_has_lost_keeps_its_id(piece):
    uses = (*piece.draft.uses, Use(0, "statement", "lost:1", 3), Use(1, "answer", "", 0))
    items = {one.id: one for one in exemplar_items(piece.exemplars, uses)}
    assert "does not hold" in items["exemplar.lost:1"].text and len(items) == len(piece.exemplars) + 1
    assert exemplar_items((), ()) == ()
    assert replace(piece, exemplars=()).exemplars == ()
