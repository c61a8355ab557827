"""Lines, their shapes, and the longest stretch that a melody shares with the store."""

import itertools
import random
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notation import parse
from rag_store.builtin import text_digest
from rag_store.copies import CopyIndex
from rag_store.exemplar import Exemplar
from rag_store.lines import Line, line, melody_line, pack, tune_lines, unpack
from rag_store.originality import shipped_lines
from rag_store.shapes import DEPTH, Shapes
from rag_store.store import Store

HEAD = "X:1\nM:4/4\nL:1/8\nK:C\n"


def made(steps):
    """A line of (time to the next note in eighths, pitch)."""
    onsets = [F(0), *itertools.accumulate(F(time, 2) for time, _ in steps[:-1])] if steps else []
    return line(onsets, [pitch for _, pitch in steps], [int(onset // 4) + 1 for onset in onsets])


def agree(a, i, b, j):
    """Notes that agree from two places on, by the definition, one note after the other."""
    notes = 1
    while i + notes < len(a) and j + notes < len(b):
        at, to = i + notes, j + notes
        if a.pitch[at] - a.pitch[at - 1] != b.pitch[to] - b.pitch[to - 1]:
            break
        first, second = F(int(a.onset[i + 1] - a.onset[i])), F(int(b.onset[j + 1] - b.onset[j]))
        if F(int(a.onset[at] - a.onset[at - 1])) / first != F(int(b.onset[to] - b.onset[to - 1])) / second:
            break
        notes += 1
    return notes


lines = st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.integers(60, 63)), min_size=2, max_size=14).map(
    made
)


@settings(max_examples=150, deadline=None)
@given(st.lists(lines, min_size=1, max_size=5), lines)
def test_longest_agreement_is_that_of_the_definition(index, query):
    notes, _ = Shapes.of(index).longest(query)
    for i, found in enumerate(notes.tolist()):
        assert found == max(agree(query, i, one, j) for one in index for j in range(len(one) - 1))


@settings(max_examples=60, deadline=None)
@given(st.lists(lines, min_size=1, max_size=4), lines, st.integers(-20, 20), st.sampled_from([2, 3, 4]))
def test_key_and_tempo_do_not_matter(index, query, up, slower):
    shapes = Shapes.of(index)
    moved = Line(query.onset * slower, query.pitch + up, query.bar)
    assert (shapes.longest(moved)[0] == shapes.longest(query)[0]).all()


def test_the_place_found_holds_the_agreement():
    rng = random.Random(4)
    index = [made([(rng.choice([1, 2]), rng.randint(60, 67)) for _ in range(60)]) for _ in range(20)]
    query = made([(rng.choice([1, 2]), rng.randint(60, 67)) for _ in range(200)])
    notes, places = Shapes.of(index).longest(query)
    owners = np.repeat(np.arange(20), 59)
    for i in range(0, 199, 7):
        owner, inside = owners[places[i]], places[i] % 59
        assert agree(query, i, index[owner], inside) == notes[i]


def test_a_line_longer_than_the_depth_agrees_with_itself_up_to_it():
    rng = random.Random(2)
    long = made([(rng.choice([1, 2]), rng.randint(50, 80)) for _ in range(150)])
    assert Shapes.of([long]).longest(long)[0][0] == DEPTH + 1


@pytest.mark.parametrize("steps", [[], [(1, 60)]])
def test_nothing_agrees_with_next_to_nothing(steps):
    some = made([(1, 60), (1, 62), (2, 64)])
    assert len(Shapes.of([some]).longest(made(steps))[0]) == 0
    assert Shapes.of([made(steps)]).longest(some)[0].tolist() == [1, 1]
    assert CopyIndex.of([]).longest(some).notes == 0


def test_lines_join_ties_take_the_top_and_leave_grace_notes_out():
    found = melody_line(parse(HEAD + "[ce]4 d4-|d4 {f}e4|\n"))
    assert (found.onset // 10080).tolist() == [0, 2, 6]
    assert (found.pitch.tolist(), found.bar.tolist()) == ([76, 74, 76], [1, 1, 2])


def test_every_pitched_voice_has_a_line_and_drums_have_none():
    tune = parse(HEAD + "V:1\nCDEF GABc|\nV:2 clef=perc\nCCCC CCCC|\nV:3\nC,8|\n")
    assert [len(one) for one in tune_lines(tune)] == [8, 1]


def test_lines_come_back_from_their_arrays():
    groups = [tune_lines(parse(HEAD + body)) for body in ("CDEF (3GAB c2|", "V:1\nC8|\nV:2\nz4 G,4|", "z8|")]
    again = unpack(pack(groups))
    assert [len(group) for group in again] == [1, 2, 0]
    for one, other in zip(itertools.chain(*groups), itertools.chain(*again), strict=True):
        for name in ("onset", "pitch", "bar"):
            assert (getattr(one, name) == getattr(other, name)).all()


def test_shipped_lines_are_those_of_the_texts(sixty):
    known = [one for one in sixty if text_digest(one.abc) in shipped_lines()]
    assert len(known) > 45  # the others are copies that the store leaves out
    for exemplar in known:
        shipped, read = shipped_lines()[text_digest(exemplar.abc)], tune_lines(parse(exemplar.abc))
        assert len(shipped) == len(read)
        for one, other in zip(shipped, read, strict=True):
            assert (one.onset == other.onset).all()
            assert (one.pitch == other.pitch).all()
            assert (one.bar == other.bar).all()


def copy_of(exemplar, **changes):
    fields = {name: getattr(exemplar, name) for name in Exemplar.__dataclass_fields__}
    return Exemplar(**{**fields, **changes})


def test_every_exemplar_finds_itself_in_another_key_and_tempo(small, sixty):
    for exemplar in sixty[::6]:
        own = melody_line(parse(exemplar.abc))
        moved = Line(own.onset * 2, own.pitch - 3, own.bar)
        assert small.melodies.longest(moved).notes == min(len(own), DEPTH + 1)


def test_a_quotation_is_found_with_its_bars(small, sixty):
    source = next(one for one in sixty if one.id.startswith("chiaroscore:waltz"))
    theirs = melody_line(parse(source.abc))
    first = int(np.flatnonzero(theirs.bar == 3)[0])
    part = theirs.pitch[first : first + 12]
    own = Line(theirs.onset[first : first + 12], part + 5, np.full(12, 9))
    match = small.melodies.longest(own)
    assert (match.exemplar_id, match.title, match.notes) == (source.id, source.title, 12)
    assert (match.bar, match.exemplar_bar) == (9, 3)


def test_an_even_scale_counts_like_any_other_stretch(embedder, sixty, tmp_path):
    scale = copy_of(sixty[0], id="own:scale", title="Scale", abc=HEAD + "CDEF GABc|c8|\n")
    with Store.build(tmp_path / "s", [scale], embedder=embedder) as store:
        assert store.longest_match(parse("X:1\nM:4/4\nL:1/4\nK:D\nDEFG|ABcd|\n")).notes == 8
        assert store.longest_match(parse("X:1\nM:4/4\nL:1/4\nK:D\nDEFG|A2 Bc|d4|\n")).notes == 5


def test_index_is_kept_beside_the_store_and_made_again_when_it_is_gone_or_torn(tmp_path, sixty, embedder):
    with Store.build(tmp_path / "s", sixty[:12], embedder=embedder) as store:
        tune = parse(sixty[3].abc)
        found = store.longest_match(tune)
        path = next((tmp_path / "s").glob("*/melodies/copies.json"))
        first = path.read_bytes()
    for damage in (lambda: path.unlink(), lambda: path.write_bytes(first[:50])):
        damage()
        with Store.open(tmp_path / "s", embedder=embedder) as again:
            assert again.longest_match(tune) == found
        assert path.read_bytes() == first


def test_what_is_added_is_minded_too(tmp_path, sixty, embedder):
    rng = random.Random(11)
    body = "|".join("".join(rng.choice("CDEFGABc") for _ in range(8)) for _ in range(6))
    mine = copy_of(sixty[0], id="mine:1", title="Mine", abc=HEAD + body + "|\n")
    with Store.build(tmp_path / "s", sixty[:8], embedder=embedder) as store:
        before = store.longest_match(parse(mine.abc))
        store.add([mine])
        after = store.longest_match(parse(mine.abc))
        ready = len(store.melodies)
        store.add([copy_of(mine, abc=sixty[9].abc)])
        replaced = store.longest_match(parse(mine.abc))
        store.remove(["mine:1"])
        assert ready == 9 and len(store.melodies) == 8 and replaced.notes == before.notes
    with Store.open(tmp_path / "s", embedder=embedder) as store:
        assert store.longest_match(parse(mine.abc)) == before
    assert before.notes < 20
    assert (after.exemplar_id, after.notes) == ("mine:1", 48)
