"""The copy check: exact agreement as of the suffix array, likeness of planted copies, segments and files."""

import json
import random

import numpy as np
import pytest

from benchmarks.planted import STRENGTHS, TIMES, ornamented, planted, retimed, swung
from rag_store.copies import COPY, CopyIndex
from rag_store.copies.files import NAME
from rag_store.copies.index import LARGEST
from rag_store.copies.segment import Segment
from rag_store.lines import Line
from rag_store.originality import Match, shipped_lines
from rag_store.shapes import Shapes


@pytest.fixture(scope="module")
def tunes():
    """Six hundred built-in tunes: id, title, lines."""
    groups = sorted(shipped_lines().items())
    chosen = random.Random(5).sample(groups, 600)
    return [(name, f"title of {name}", group) for name, group in sorted(chosen)]


@pytest.fixture(scope="module")
def index(tunes):
    return CopyIndex.of(tunes[:500])


def exact(entries, melody):
    """The longest agreement by one suffix array of all lines."""
    lines = [line for _, _, group in entries for line in group]
    notes, places = Shapes.of(lines).longest(melody)
    owners = [entry for entry in entries for line in entry[2] for _ in range(max(0, len(line) - 1))]
    bars = np.concatenate([line.bar[:-1] for line in lines])
    first = int(notes.argmax())
    owner, place = owners[places[first]], int(places[first])
    return Match(owner[0], owner[1], int(notes[first]), int(melody.bar[first]), int(bars[place]))


def fit(entries):
    return [entry for entry in entries if len(entry[2][0]) >= 32]


def same(a, b):
    return all(np.array_equal(value, b.arrays()[name]) for name, value in a.arrays().items())


def test_longest_is_that_of_the_suffix_array(tunes, index):
    for _, _, (melody, *_) in tunes[490:510:4]:
        assert index.longest(melody) == exact(tunes[:500], melody)


def test_segments_agree_with_one_index(tunes, index):
    parts = [Segment.of(tunes[begin : begin + 125]) for begin in range(0, 500, 125)]
    split = CopyIndex(tuple(parts))
    for _, _, (melody, *_) in fit(tunes[500:])[:12]:
        one, several = index.longest(melody), split.longest(melody)
        assert (one.notes, one.bar) == (several.notes, several.bar)
        assert index.runs(melody).tolist() == split.runs(melody).tolist()
        assert [(x.exemplar_id, x.score) for x in index.similar(melody, 1)] == [
            (x.exemplar_id, x.score) for x in split.similar(melody, 1)
        ]
    assert same(Segment.joined(parts), index.segments[0])


@pytest.mark.parametrize(("strength", "least"), [("none", 39), ("light", 39), ("medium", 39)])
def test_planted_copies_are_found(tunes, index, strength, least):
    rng, found = random.Random(1), 0
    for name, _, (melody, *_) in fit(tunes[:500])[:40]:
        likened = index.similar(planted(melody, STRENGTHS[strength], rng))
        found += any(one.exemplar_id == name and one.verdict == "copy" for one in likened)
    assert found >= least


def test_melodies_turned_upside_down_or_backwards_are_no_copies(tunes, index):
    alarms = 0
    for _, _, (melody, *_) in fit(tunes[500:])[:50]:
        down = Line(melody.onset, 127 - melody.pitch, melody.bar)
        back = Line(
            melody.onset[-1] - melody.onset[::-1], melody.pitch[::-1], 1 + melody.bar[-1] - melody.bar[::-1]
        )
        alarms += sum(found.verdict == "copy" for one in (down, back) for found in index.similar(one, k=1))
    assert alarms <= 1


def test_a_likeness_says_where(tunes, index):
    name, title, (melody, *_) = fit(tunes[:500])[3]
    found = index.similar(Line(melody.onset * 2, melody.pitch + 5, melody.bar + 10), k=2)
    assert len(found) == 2
    best = found[0]
    assert (best.exemplar_id, best.title, best.verdict) == (name, title, "copy")
    assert best.score >= COPY
    assert best.covered > 0.9
    assert best.bars == (best.exemplar_bars[0] + 10, best.exemplar_bars[1] + 10)
    assert best.exemplar_bars[1] - best.exemplar_bars[0] >= 0.7 * (melody.bar[-1] - melody.bar[0])


def test_eight_bars_inside_another_melody_are_found(tunes, index):
    one, other = fit(tunes[:500])[8], fit(tunes[500:])[2]
    line, stranger = one[2][0], other[2][0]
    phrase = (line.bar >= 1) & (line.bar <= 8)
    shift = int(stranger.onset[-1]) + 2 * int(line.onset[1] - line.onset[0])
    mixed = Line(
        np.concatenate([stranger.onset, line.onset[phrase] - line.onset[phrase][0] + shift]),
        np.concatenate([stranger.pitch, line.pitch[phrase]]),
        np.concatenate([stranger.bar, line.bar[phrase] + stranger.bar[-1]]),
    )
    best = index.similar(mixed)[0]
    assert best.exemplar_id == one[0]
    assert best.covered < 0.8
    assert best.bars[0] >= stranger.bar[-1]


def test_adding_and_removing_leave_what_building_gives(tunes, index):
    grown = CopyIndex.of(tunes[:300]).add(tunes[300:400]).add(tunes[400:500])
    assert len(grown) == len(index) == 500
    assert same(Segment.joined(grown.segments), index.segments[0])
    gone = {name for name, _, _ in tunes[:500:3]}
    left = index.remove([*gone, "nobody"])
    rebuilt = CopyIndex.of([entry for entry in tunes[:500] if entry[0] not in gone])
    assert len(left) == len(rebuilt) == 500 - len(gone)
    for _, _, (melody, *_) in fit(tunes)[:10]:
        a, b = left.longest(melody), rebuilt.longest(melody)
        assert (a.notes, a.bar) == (b.notes, b.bar)
        assert a.exemplar_id not in gone
        assert left.similar(melody) == rebuilt.similar(melody)


def test_removing_all_leaves_nothing(tunes):
    empty = CopyIndex.of(tunes[:5]).remove([name for name, _, _ in tunes[:5]])
    melody = tunes[0][2][0]
    assert len(empty) == 0
    assert empty.longest(melody) == Match("", "", 0, 0, 0)
    assert empty.similar(melody) == []
    assert empty.runs(melody).tolist() == [1] * (len(melody) - 1)


def test_segments_are_joined_only_with_their_like(tunes):
    index = CopyIndex.of(tunes[:400])
    large = index.segments[0]
    small = index.add(tunes[400:420])
    assert small.segments[0] is large
    assert len(small.segments) == 2
    assert large.notes < LARGEST


def test_files_bring_back_the_same_index_mapped(tunes, index, tmp_path):
    index.save(tmp_path, "content")
    loaded = CopyIndex.load(tmp_path, "content")
    assert loaded is not None
    assert isinstance(loaded.segments[0].samples, np.memmap)
    assert same(loaded.segments[0], index.segments[0])
    melody = planted(fit(tunes)[0][2][0], STRENGTHS["light"], random.Random(2))
    assert loaded.similar(melody) == index.similar(melody)
    assert loaded.longest(melody) == index.longest(melody)
    assert CopyIndex.load(tmp_path, "other content") is None


def test_saving_again_writes_only_what_is_new(tunes, tmp_path):
    index = CopyIndex.of(tunes[:300])
    index.save(tmp_path, "one")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    index.add(tunes[300:310]).save(tmp_path, "two")
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    assert before.items() <= after.items()
    assert len(after) == 2 * len(before)
    CopyIndex.of(tunes[:10]).save(tmp_path, "three")
    assert not any(path.exists() for path in before)


@pytest.mark.parametrize("broken", ["cut", "missing", "swapped", "record"])
def test_broken_files_are_no_index(tunes, tmp_path, broken):
    CopyIndex.of(tunes[:20]).save(tmp_path, "content")
    array = next(tmp_path.rglob("samples.npy"))
    if broken == "cut":
        array.write_bytes(array.read_bytes()[:-40])
    elif broken == "missing":
        array.unlink()
    elif broken == "swapped":
        array.write_bytes((array.parent / "sample_bars.npy").read_bytes()[:-2])
    else:
        (tmp_path / NAME).write_text(json.dumps({"format": 1, "content": "content"}))
    assert CopyIndex.load(tmp_path, "content") is None


@pytest.mark.parametrize("line", [[], [60], [60, 62], [60] * 40, list(range(40, 80))])
def test_odd_melodies_have_an_answer(index, line):
    count = np.arange(len(line))
    melody = Line(count * 5040, np.array(line, np.int64), 1 + count // 8)
    assert all(one.verdict != "copy" for one in index.similar(melody))
    assert index.longest(melody).notes <= len(melody)


def test_same_input_same_index(tunes):
    assert same(CopyIndex.of(tunes[:50]).segments[0], CopyIndex.of(iter(tunes[:50])).segments[0])


def test_planting_keeps_what_it_says(tunes):
    melody = fit(tunes)[0][2][0]
    for factor, along in TIMES:
        copy = retimed(melody, factor, along)
        assert len(copy) == len(melody)
        assert (np.diff(copy.onset) > 0).all()
        assert (np.diff(copy.bar) >= 0).all()
    assert np.array_equal(swung(melody, 0.5).onset, melody.onset)
    heavy = ornamented(melody, STRENGTHS["heavy"], random.Random(0))
    assert (np.diff(heavy.onset) > 0).all()
    assert len(heavy) > len(melody)
