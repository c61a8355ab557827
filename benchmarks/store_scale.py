"""The store at 100,000 exemplars: ``python -m benchmarks.store_scale [--pieces N] [--vectors FILE]``.

The exemplars are made up (`benchmarks.crowd`): attributes drawn anew, captions as the store writes them,
their vectors from the text model itself. Making those takes a quarter of an hour on two cores; they are kept
in the cache, and ``--vectors`` names a ``.npy`` file that has them.

Searches are those of the composer: a description with a genre, a mood, a meter and a mode wished ("broad +
targeted"); a part has conditions instead. The vector of the text is made before the clock starts: it takes
the same in a store of any size, and has its own row. What was found is compared with the same search over all
rows one by one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import pathlib
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
from rich.progress import track

from benchmarks.crowd import crowd
from benchmarks.timing import Row, show
from chiaroscore import cache_dir
from chiaroscore.files import CACHE_VARIABLE
from rag_store import Exemplar, MiniLM, Query, Store, Wanted
from rag_store.builtin import builtin_exemplars, text_digest
from rag_store.catalogue import Entry
from rag_store.chroma import BATCH
from rag_store.embed import Vectors
from rag_store.originality import shipped_lines
from rag_store.searching import Exhaustive, Filter, search
from rag_store.spaces import ByNotes

#: Searches that are timed, and their results.
SEARCHES, K = 400, 5
READERS = 8


class Known:
    """The text model, with the vectors of captions and questions at hand."""

    id, dim = MiniLM.id, MiniLM.dim

    def __init__(self, vectors: dict[str, Vectors]) -> None:
        self.vectors = vectors

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the kept rows; a text without one is embedded."""
        fresh = [text for text in texts if text not in self.vectors]
        if fresh:
            self.vectors.update(zip(fresh, MiniLM().embed(fresh), strict=True))
        return np.stack([self.vectors[text] for text in texts])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pieces", type=int, default=100_000)
    parser.add_argument("--vectors", type=pathlib.Path, help="captions' vectors, shape (pieces, 384)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-server", action="store_true", help="leave out the Chroma server")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    base = builtin_exemplars()
    exemplars = crowd(base, options.pieces, options.seed)
    model = Known(dict(zip((e.caption for e in exemplars), _vectors(exemplars, options), strict=True)))
    questions = _questions(base, options.seed)
    model.embed([query.text for query in questions])
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / "store"
        rows += _built(place, exemplars, model)
        with Store.open(place, embedder=model) as store:
            rows += _searched("embedded", store, questions)
            rows.append(_embedding(questions))
            rows += _copies(store)
        rows += _readers(place, questions, model)
        if not options.no_server:
            rows += _served(pathlib.Path(folder), place, questions, model)
    show(rows, f"{options.pieces:,} exemplars", as_json=options.json, digits=4)


def _vectors(exemplars: Sequence[Exemplar], options: argparse.Namespace) -> Vectors:
    """Return the vectors of the captions: given, kept in the cache, or made now."""
    kept = options.vectors or cache_dir() / f"crowd-{options.pieces}-{options.seed}.npy"
    if kept.is_file():
        return np.load(kept, allow_pickle=False)
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(MiniLM().folder), device="cpu")
    captions = [exemplar.caption for exemplar in exemplars]
    parts = [
        model.encode(captions[at : at + 1000], batch_size=64, normalize_embeddings=True)
        for at in track(range(0, len(captions), 1000), "embedding captions")
    ]
    made = np.concatenate(parts).astype(np.float32)
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, made)
    return made


def _questions(base: Sequence[Exemplar], seed: int) -> list[Query]:
    """Return searches as the composer asks them; every fourth has conditions, every eighth a narrow one."""
    rng = np.random.default_rng(seed)
    asked = []
    for number in range(SEARCHES):
        one, other = (base[int(i)] for i in rng.integers(0, len(base), 2))
        text = f"{one.caption.partition(';')[0]}, {other.mood}, {other.tempo_class} {other.genre}"
        wanted = Wanted(one.genre, one.mood, one.meter, one.mode)
        query = Query(text=text, wanted=wanted, k=K)
        if number % 4 == 0:
            narrow = Filter(
                genres=(one.genre,), modes=(one.mode,), tempo=(one.tempo * 0.8, one.tempo * 1.25),
                meters=(one.meter,) if number % 8 == 0 else (),
            )  # fmt: skip
            query = replace(query, wanted=Wanted(mood=one.mood), filter=narrow)
        asked.append(query)
    return asked


def _built(place: pathlib.Path, exemplars: Sequence[Exemplar], model: Known) -> list[Row]:
    """Build the store of them all, as an ingest does; nothing is read, since the lines are at hand."""
    lines, music = shipped_lines(), ByNotes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    with Store.create(place, embedder=model) as store, store.writing() as writer:
        for at in track(range(0, len(exemplars), BATCH), "writing the store"):
            some = exemplars[at : at + BATCH]
            text, notes = model.embed([one.caption for one in some]), music.place(some)
            writer.put(
                [
                    Entry(one, {"text": text[i], "music": notes[i]}, "", lines[text_digest(one.abc)])
                    for i, one in enumerate(some)
                ]
            )
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return [
        Row("build", "time", seconds, "s"),
        Row("build", "rate", len(exemplars) / seconds, "exemplars/s"),
        Row("build", "memory above what the exemplars take", (peak - before) / 1024, "MiB"),
        Row("build", "on disk", size / 2**20, "MiB"),
    ]


def _searched(group: str, store: Store, questions: Sequence[Query]) -> list[Row]:
    """Time searches and compare them with those over all rows."""
    opened = time.perf_counter()
    store.find(questions[0])
    opened = time.perf_counter() - opened
    times, found = _times(store, questions)
    held = store.resident
    embedders = {"text": store.models["text"].of_query}
    exact = Exhaustive(held.vectors.__getitem__)
    shares, exact_times = [], []
    for query, hits in zip(questions, found, strict=True):
        started = time.perf_counter()
        truth = search(query, held.columns, held.vectors.__getitem__, exact, embedders)
        exact_times.append(time.perf_counter() - started)
        ids = {hit.exemplar.id for hit in hits}
        true = [held.columns.ids[one.row] for one in truth]
        shares.append(sum(one in ids for one in true) / len(true) if true else 1.0)
    baseline = float(np.median(exact_times)) * 1000
    middle = float(np.median(times)) * 1000
    return [
        Row(group, "first search of all: columns and vectors go to files", opened * 1000, "ms"),
        Row(group, "broad + targeted, p50", middle, "ms", "over all rows", middle / baseline),
        Row(group, "broad + targeted, p99", float(np.percentile(times, 99)) * 1000, "ms"),
        Row(group, "recall@5 against all rows", float(np.mean(shares)), ""),
        Row(group, "the same over all rows, p50", baseline, "ms"),
    ]


def _times(store: Store, questions: Sequence[Query]) -> tuple[list[float], list[Any]]:
    times, found = [], []
    for query in questions:
        started = time.perf_counter()
        found.append(store.find(query))
        times.append(time.perf_counter() - started)
    return times, found


def _embedding(questions: Sequence[Query]) -> Row:
    model, times = MiniLM(), []
    for query in questions[:60]:
        started = time.perf_counter()
        model.embed([query.text])
        times.append(time.perf_counter() - started)
    return Row(
        "embedded", "vector of a question, p50 (not in the above)", float(np.median(times[10:])) * 1000, "ms"
    )


def _copies(store: Store) -> list[Row]:
    """Time the copy check; whether it finds copies is measured by ``benchmarks.copies``."""
    from notation import parse

    exact, tolerant = [], []
    for identity in store.resident.columns.ids[:: max(1, len(store.resident.columns) // 40)]:
        tune = parse(store.get(identity).abc)
        started = time.perf_counter()
        store.longest_match(tune)
        between = time.perf_counter()
        store.likenesses(tune, 1)
        exact.append(between - started)
        tolerant.append(time.perf_counter() - between)
    return [
        Row("copies", "longest exact match, p50", float(np.median(exact[2:])) * 1000, "ms"),
        Row("copies", "likest melody, p50", float(np.median(tolerant[2:])) * 1000, "ms"),
        Row("copies", "likest melody, p99", float(np.percentile(tolerant[2:], 99)) * 1000, "ms"),
    ]


def _readers(where: pathlib.Path | str, questions: Sequence[Query], model: Known) -> list[Row]:
    """Search from several processes at once."""
    group = "8 readers" if isinstance(where, pathlib.Path) else "8 readers of the server"
    few = {query.text: model.vectors[query.text] for query in questions}
    context = multiprocessing.get_context("spawn")
    with context.Pool(READERS) as pool:
        pool.starmap(_read, [(where, questions[:4], few)] * READERS)  # all have started
        started = time.perf_counter()
        answers = pool.starmap(_read, [(where, questions[:200], few)] * READERS, chunksize=1)
        seconds = time.perf_counter() - started
    times = [one for taken, _ in answers for one in taken]
    same = all(ids == answers[0][1] for _, ids in answers)
    return [
        Row(group, "broad + targeted, p50", float(np.median(times)) * 1000, "ms"),
        Row(group, "broad + targeted, p99", float(np.percentile(times, 99)) * 1000, "ms"),
        Row(group, "searches a second, opening the store each", len(times) / seconds, "1/s"),
        Row(group, "all found the same (1: yes)", float(same), ""),
    ]


def _read(
    where: Any, questions: Sequence[Query], vectors: dict[str, Vectors]
) -> tuple[list[float], list[list[str]]]:
    with Store.open(where, embedder=Known(vectors)) as store:
        store.find(questions[0])
        times, found = _times(store, questions)
    return times, [[hit.exemplar.id for hit in hits] for hits in found]


def _served(folder: pathlib.Path, place: pathlib.Path, questions: Sequence[Query], model: Known) -> list[Row]:
    """Publish the store to a Chroma server on loopback and search there."""
    rows: list[Row] = []
    with _server(folder / "chroma") as url:
        started = time.perf_counter()
        with Store.open(place, embedder=model) as store:
            store.publish(url)
        rows.append(Row("server", "publish", time.perf_counter() - started, "s"))
        # as on another machine: without the mirror that publishing has made
        with mock.patch.dict(os.environ, {CACHE_VARIABLE: str(folder / "cache")}):
            started = time.perf_counter()
            with Store.open(url, embedder=model) as store:
                rows.append(Row("server", "first open, with the mirror", time.perf_counter() - started, "s"))
                rows += _searched("server", store, questions)
            rows += _readers(url, questions, model)
    return rows


@contextmanager
def _server(folder: pathlib.Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = pathlib.Path(sys.executable).with_name("chroma")
    command = [str(program), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    main()
