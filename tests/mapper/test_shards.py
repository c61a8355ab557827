"""Shards of teacher data: what is written comes back, repetitions stay out, damaged files are refused."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from chiaroscore import InputError
from mapper.example import Example
from mapper.shards import SAME, Header, ShardWriter, arrays, read, shard_paths

HEADER = Header("eye:1", "somebody", "CC0", (5, 4, 3))


def example(number: int, **other: object) -> Example:
    """Return an example whose numbers and words follow from ``number``."""
    draw = np.random.default_rng(number)
    seen, why, heard = (draw.normal(size=length).astype(np.float32) for length in (5, 4, 3))
    plain = Example(
        f"a:{number}", f"kin {number % 3}", "picture", "eye:1", "somebody", "drawn", f"why {number}",
        f"music {number}", "{}", seen, why, heard,
    )  # fmt: skip
    return dataclasses.replace(plain, **other)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    with ShardWriter(tmp_path / "data", HEADER, rows=4) as writer:
        assert all([writer.add(example(number)) for number in range(10)])
    return tmp_path / "data"


def test_what_is_written_comes_back_in_order(folder: pathlib.Path) -> None:
    found = list(read(folder))
    assert [one.id for one in found] == [f"a:{number}" for number in range(10)]
    assert len(shard_paths(folder)) == 3
    for number, one in enumerate(found):
        assert dataclasses.astuple(one)[:9] == dataclasses.astuple(example(number))[:9]
        np.testing.assert_allclose(one.heard, example(number).heard, atol=2e-3)


def test_arrays_stack_the_rows(folder: pathlib.Path) -> None:
    columns = arrays(folder)
    assert {name: columns[name].shape for name in ("id", "seen", "why", "heard")} == {
        "id": (10,), "seen": (10, 5), "why": (10, 4), "heard": (10, 3),
    }  # fmt: skip
    assert columns["seen"].dtype == np.float32


def test_a_second_run_adds_only_what_is_new(folder: pathlib.Path) -> None:
    with ShardWriter(folder, HEADER, rows=4) as writer:
        assert [writer.add(example(number)) for number in (3, 9, 10)] == [False, False, True]
    assert [one.id for one in read(folder)][-2:] == ["a:9", "a:10"]


def test_a_run_that_fails_keeps_whole_shards_only(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RuntimeError), ShardWriter(tmp_path, HEADER, rows=4) as writer:
        for number in range(6):
            writer.add(example(number))
        raise RuntimeError("stopped")
    assert len(list(read(tmp_path))) == 4


def test_repetitions_stay_out(tmp_path: pathlib.Path) -> None:
    first = example(1)
    with ShardWriter(tmp_path, HEADER) as writer:
        writer.add(first)
        near, far = first.seen + SAME / 2, first.seen + 3 * SAME
        assert not writer.add(dataclasses.replace(first, id="b", seen=near))
        assert writer.add(dataclasses.replace(first, id="c", seen=far))
        text = dataclasses.replace(first, id="d", kind="text", kin="scene")
        assert writer.add(text)
        assert not writer.add(dataclasses.replace(text, id="e", seen=far))
        assert writer.add(dataclasses.replace(text, id="f", music="another"))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"seen": np.zeros(4, np.float32)}, "seen is not 5"),
        ({"why": np.full(4, np.nan, np.float32)}, "why is not 4"),
        ({"encoder": "eye:2"}, "eye:2"),
        ({"kind": "sound"}, "sound"),
        ({"kin": ""}, "missing"),
    ],
)
def test_examples_that_do_not_fit_are_refused(
    tmp_path: pathlib.Path, other: dict[str, object], said: str
) -> None:
    with ShardWriter(tmp_path, HEADER) as writer, pytest.raises(InputError, match=said):
        writer.add(example(1, **other))


def test_another_encoder_needs_another_folder(folder: pathlib.Path) -> None:
    with pytest.raises(InputError, match="give another folder"):
        ShardWriter(folder, dataclasses.replace(HEADER, encoder="eye:2"))


def test_a_folder_without_data_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(InputError, match="distill data"):
        next(read(tmp_path))


@pytest.mark.parametrize("harm", ["cut", "noise", "foreign", "columns", "null"])
def test_damaged_and_foreign_shards_are_refused(folder: pathlib.Path, harm: str) -> None:
    path = shard_paths(folder)[1]
    whole = path.read_bytes()
    if harm == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif harm == "noise":
        path.write_bytes(b"\x00" * 100)
    elif harm == "foreign":
        parquet.write_table(pyarrow.table({"a": [1]}), path)
    else:
        table = parquet.read_table(path)
        changed = table.drop_columns(["music"]) if harm == "columns" else _with_null(table)
        parquet.write_table(changed, path)
    with pytest.raises(InputError, match="part-00001"):
        list(read(folder))


def _with_null(table: pyarrow.Table) -> pyarrow.Table:
    place = table.schema.get_field_index("why")
    rows = [None, *table["why"].to_pylist()[1:]]
    return table.set_column(
        place, table.schema.field(place), pyarrow.array(rows, table.schema.field(place).type)
    )
