import dataclasses
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chiaroscore import ControlError, InputError
from rag_store.builtin import builtin_digest
from rag_store.catalogue import Entry
from rag_store.parquet import table as tables
from rag_store.store import Store


@pytest.fixture(scope="module")
def few_place(sixty, embedder, tmp_path_factory):
    place = tmp_path_factory.mktemp("few") / "store"
    Store.build(place, sixty[::3], embedder=embedder).close()
    return place


@pytest.fixture
def few(few_place, embedder):
    with Store.open(few_place, embedder=embedder) as store:
        yield store


@pytest.fixture(scope="module")
def exported(few_place, embedder, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "all.parquet"
    with Store.open(few_place, embedder=embedder) as store:
        store.export(path)
    return path


@pytest.fixture
def own(tmp_path, embedder):
    with Store.create(tmp_path / "own", embedder=embedder) as store:
        yield store


def rewritten(exported, path, **columns):
    """Write the export again with other columns (None: without one) and the same description."""
    table = pq.read_table(exported)
    for name, values in columns.items():
        at = table.schema.get_field_index(name)
        if values is None:
            table = table.remove_column(at)
        elif at < 0:
            table = table.append_column(name, values)
        else:
            table = table.set_column(at, name, values)
    said = pq.read_metadata(exported).metadata
    pq.write_table(table.replace_schema_metadata(said), path)
    return path


def with_values(exported, path, changes):
    """Write the export again with single values changed: name -> row -> value."""
    table = pq.read_table(exported)
    columns = {}
    for name, of_rows in changes.items():
        values = table.column(name).to_pylist()
        for row, value in of_rows.items():
            values[row] = value
        columns[name] = pa.array(values, table.schema.field(name).type)
    return rewritten(exported, path, **columns)


def test_any_reader_finds_every_field(few, exported):
    rows = pq.read_table(exported).to_pylist()
    entries = list(few.catalogue.entries())
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows) and len(rows) == len(entries)
    for row, entry in zip(rows, entries, strict=True):
        exemplar = dataclasses.asdict(entry.exemplar)
        assert {name: row[name] for name in exemplar} == exemplar | {
            "instruments": [*exemplar["instruments"]]
        }
        assert row["print"] == entry.print
        assert [line["pitch"] for line in row["lines"]] == [line.pitch.tolist() for line in entry.lines]
        assert [line["onset"] for line in row["lines"]] == [line.onset.tolist() for line in entry.lines]
        assert [line["bar"] for line in row["lines"]] == [line.bar.tolist() for line in entry.lines]
        for space, vector in entry.vectors.items():
            assert np.array_equal(np.float32(row[f"vector_{space}"]), vector)
    said = {k.decode(): v.decode() for k, v in pq.read_metadata(exported).metadata.items()}
    assert int(said["chiaroscore.count"]) == len(entries)
    assert json.loads(said["chiaroscore.spaces"]) == {s: list(m) for s, m in few.spaces.items()}
    assert sum(json.loads(said["chiaroscore.licences"]).values()) == len(entries)


def test_there_and_back_gives_the_same_bytes(few, exported, own, tmp_path):
    few.export(tmp_path / "shards", shard=10)
    assert [p.name for p in sorted((tmp_path / "shards").iterdir())] == [
        f"exemplars-{i:05}.parquet" for i in range(-(-few.count() // 10))
    ]
    done = own.load(tmp_path / "shards")
    assert (done.read, done.stored, done.refused, done.remarks) == (few.count(), few.count(), [], [])
    own.export(tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == exported.read_bytes()
    assert own.check() == []
    again = own.load(exported)
    assert (again.stored, again.known) == (0, few.count())


def test_a_load_that_was_stopped_goes_on(exported, own, monkeypatch, tmp_path):
    monkeypatch.setattr("rag_store.parquet.file.ROWS", 8)
    monkeypatch.setattr("rag_store.parquet.loading.BATCH", 8)

    def stop(stage, done, total):
        if done >= 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        own.load(exported, progress=stop)
    held = own.count()
    assert 4 <= held <= 16
    done = own.load(exported)
    assert done.known == held and own.count() == done.read
    own.export(tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == exported.read_bytes()


def test_rows_that_are_no_exemplars_are_refused_with_the_reason(exported, own, tmp_path):
    table = pq.read_table(exported)
    ids, texts = table.column("id").to_pylist(), table.column("vector_text").to_pylist()
    lines = table.column("lines").to_pylist()
    late = [{**lines[17][0], "onset": lines[17][0]["onset"][::-1]}]
    changes = {
        "id": {0: "", 1: ids[2]},
        "abc": {3: "no music", 4: "X:1\nK:C\n", 5: "X:1\nK:C\n" + "C" * 200_000},
        "title": {6: "red\x1b[31m", 7: "t" * 5000},
        "genre": {8: "polkka"},
        "caption": {9: " "},
        "tempo": {10: float("nan"), 11: -3.0},
        "low": {12: 100},
        "valence": {13: 2.0},
        "instruments": {14: ["Kazoo|Flute"]},
        "vector_text": {15: [0.5] * 383 + [float("nan")], 16: texts[16][:-1]},
        "lines": {17: late},
        "print": {18: "../../x"},
    }
    done = own.load(with_values(exported, tmp_path / "bad.parquet", changes))
    said = [reason for _, reason in done.refused]
    for part in (
        "id is empty", "comes twice", "ABC is no tune", "no notes", "abc has 200,008", "title holds control",
        "title has 5,000", "genre 'polkka'", "caption is empty", "tempo nan", "tempo -3.0", "lowest pitch",
        "valence 2.0", "Kazoo", "length nan", "383 numbers, not 384", "do not go forward", "not hexadecimal",
    ):  # fmt: skip
        assert any(part in reason for reason in said), part
    assert len(said) == 18 and own.count() == done.stored == done.read - 18
    assert own.check() == []


def test_what_a_file_leaves_out_is_found_again(exported, own, few, tmp_path):
    bare = rewritten(exported, tmp_path / "bare.parquet", print=None, lines=None, vector_text=None)
    done = own.load(bare)
    assert done.stored == few.count() and done.refused == []
    for mine, theirs in zip(own.catalogue.entries(), few.catalogue.entries(), strict=True):
        assert mine.print == theirs.print
        assert [line.pitch.tolist() for line in mine.lines] == [line.pitch.tolist() for line in theirs.lines]
        assert np.allclose(mine.vectors["text"], theirs.vectors["text"], atol=1e-5)


class Sixteen:
    id, dim = "sixteen", 16

    def embed(self, texts):
        rows = np.array([[(len(text) * (i + 3)) % 17 + 1 for i in range(16)] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_vectors_of_another_model_are_made_anew(exported, tmp_path):
    with Store.create(tmp_path / "s", embedder=Sixteen()) as store:
        done = store.load(exported)
        assert any("all-MiniLM-L6-v2 (384-d)" in r and "embedded anew" in r for r in done.remarks)
        entry = next(store.catalogue.entries())
        assert np.array_equal(entry.vectors["text"], Sixteen().embed([entry.exemplar.caption])[0])


def test_built_in_exemplars_are_passed_over(few_place, exported, embedder, tmp_path):
    place = shutil.copytree(few_place, tmp_path / "s")
    said = json.loads((place / "manifest.json").read_text())
    said |= {"origin": "builtin", "sources": builtin_digest()}
    (place / "manifest.json").write_text(json.dumps(said))
    mine = with_values(exported, tmp_path / "mine.parquet", {"id": {0: "mine:1"}, "title": {1: "Renamed"}})
    with Store.open(place, embedder=embedder) as store:
        before = store.count()
        done = store.load(mine)
        assert (done.stored, done.builtin) == (1, done.read - 1)
        assert store.count() == before + 1 and store.get("mine:1").id == "mine:1"


def test_another_exemplar_of_the_same_id_is_replaced(exported, own, tmp_path):
    own.load(exported)
    renamed = with_values(exported, tmp_path / "r.parquet", {"title": {3: "Renamed"}})
    done = own.load(renamed)
    assert (done.stored, done.known) == (1, done.read - 1)
    assert "Renamed" in {exemplar.title for exemplar in own.catalogue.everything()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mood": None}, "lacks the columns: mood"),
        ({"pickle": pa.array(["x"] * 70)}, "unknown column 'pickle'"),
        ({"bars": pa.array(["8"] * 70)}, "'bars' .* is string, not int32"),
        ({"mood": pa.array([None] * 70, pa.string())}, "empty values in the column 'mood'"),
        ({"instruments": pa.array([[None]] * 70, pa.list_(pa.string()))}, "empty values .* 'instruments'"),
    ],
)
def test_other_tables_are_refused(change, message, exported, own, tmp_path):
    count = pq.read_metadata(exported).num_rows
    change = {name: values if values is None else values.slice(0, count) for name, values in change.items()}
    with pytest.raises(InputError, match=message):
        own.load(rewritten(exported, tmp_path / "other.parquet", **change))
    assert own.count() == 0


def test_what_is_no_export_is_refused(exported, own, tmp_path):
    (tmp_path / "text.parquet").write_text("no parquet")
    (tmp_path / "cut.parquet").write_bytes(exported.read_bytes()[:-500])
    damaged = bytearray(exported.read_bytes())
    damaged[1000:3000] = bytes(2000)
    (tmp_path / "damaged.parquet").write_bytes(damaged)
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "plain.parquet")
    (tmp_path / "empty").mkdir()
    said = pq.read_metadata(exported).metadata
    for name, spaces in (("odd", b'{"text": 3}'), ("deep", b"[" * 50_000)):
        table = pq.read_table(exported).replace_schema_metadata(said | {b"chiaroscore.spaces": spaces})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    for name, message in (
        ("text.parquet", "cannot be read"), ("cut.parquet", "cannot be read"), ("plain.parquet", "no export"),
        ("damaged.parquet", "cannot be read"), ("none.parquet", "no file"), ("empty", "holds no .parquet"),
        ("odd.parquet", "cannot be read"), ("deep.parquet", "cannot be read"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=message):
            own.load(tmp_path / name)
    assert own.count() == 0 and own.check() == []


def test_row_groups_that_would_fill_the_memory_are_refused(exported, own, monkeypatch):
    monkeypatch.setattr("rag_store.parquet.file.MOST_BYTES", 10_000)
    with pytest.raises(InputError, match="row group of"):
        own.load(exported)


def test_missing_files_of_an_export_are_told_and_two_exports_refused(few, exported, own, tmp_path):
    few.export(tmp_path / "shards", shard=10)
    (tmp_path / "shards" / "exemplars-00001.parquet").unlink()
    done = own.load(tmp_path / "shards")
    assert done.stored == few.count() - 10
    assert any(f"was of {few.count()} exemplars, {done.read} rows" in remark for remark in done.remarks)
    own.export(tmp_path / "shards" / "exemplars-00001.parquet")
    with pytest.raises(InputError, match="of several exports"):
        own.load(tmp_path / "shards")


def test_an_export_replaces_only_an_export(few, tmp_path):
    few.export(tmp_path / "shards", shard=6)
    few.export(tmp_path / "shards", shard=8)
    assert len(list((tmp_path / "shards").iterdir())) == -(-few.count() // 8)
    (tmp_path / "shards" / "letter.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for place, shard in (("shards", 6), ("shards", None), ("file", 6), ("file/x.parquet", None)):
        with pytest.raises(InputError):
            few.export(tmp_path / place, shard=shard)
    with pytest.raises(ControlError, match="0 rows"):
        few.export(tmp_path / "none", shard=0)
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "shards"]  # no scratch is left


def test_an_exemplar_without_a_vector_has_none_afterwards(few):
    first, second = list(few.catalogue.entries())[:2]
    entries = [Entry(first.exemplar, {}, first.print, first.lines), second]
    schema = pa.schema(list(tables.columns(["text"]).items()))
    back = list(tables.rows(tables.batch(entries, schema).slice(0, 2)))
    assert "text" not in back[0].vectors
    assert np.array_equal(back[1].vectors["text"], second.vectors["text"])
    late = list(tables.rows(tables.batch(entries, schema).slice(1, 1)))
    assert [line.bar.tolist() for line in late[0].lines] == [line.bar.tolist() for line in second.lines]
