"""Make the shipped statistics of real music, ``evaluation/data/reference.json``.

The pieces are named in ``scripts/reference_pieces.json``: tune books and scores of the installed music21
corpus, and the MIDI files of three Debian packages, unpacked into one folder:

    apt-get download freedoom simutrans-data openttd-openmsx
    for f in *.deb; do dpkg -x "$f" "unpacked/${f%%_*}"; done
    python scripts/build_reference.py unpacked          # writes; about two minutes on one core

Only numbers measured on the pieces are written. Exemplars written for Chiaroscore are ours and are left out.
"""

from __future__ import annotations

import argparse
import collections
import json
import pathlib
import random
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from agent.genres import genres
from chiaroscore import ChiaroscoreError, write_text
from evaluation.comparison import FARTHEST
from evaluation.distances import frechet, shrunk
from evaluation.measure import METRICS, measure
from evaluation.reading import read_notes
from evaluation.reading_midi import midi_sample
from evaluation.reference import (
    EXCERPT,
    FEWEST,
    Reference,
    closeness_row,
    excerpt,
    from_first_note,
    metrics_of,
    one_voice,
    prepared,
    standardised,
)
from evaluation.sample import Sample, sample_of
from notation import parse
from rag_store.builtin import load_shipped
from rag_store.corpus import corpus_folder, read_builtin, sources

HERE = pathlib.Path(__file__).parent
TARGET = HERE.parent / "evaluation" / "data" / "reference.json"
#: Seed of every choice, rows of values that ship, splits of the distance between halves.
SEED, SPLITS = "reference", 40
#: Tunes of one genre of the tune books, so that reels do not speak for airs.
MOST_OF_GENRE = 120
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Piece:
    """A piece of real music and where it is from."""

    sample: Sample
    title: str
    licence: str
    genre: str = ""  # of tune books


def main() -> int:
    """Make the table; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("unpacked", type=pathlib.Path, help="folder with the unpacked Debian packages")
    options = parser.parse_args()
    table = json.loads((HERE / "reference_pieces.json").read_text("utf-8"))
    left_out: list[str] = []
    midi = midi_by_group(table, options.unpacked, left_out)
    store = store_by_group()
    groups: dict[str, Any] = {}
    for name, wanted in table["groups"].items():
        if "joined" in wanted:
            groups[name] = wanted
            continue
        pieces = gathered(name, wanted, table, store, midi, left_out)
        groups[name] = entry(pieces, wanted) if len(pieces) > 3 else None
        print(name, len(pieces), file=sys.stderr)
    about = {
        "about": "What real music measures like: statistics only. Made by scripts/build_reference.py.",
        "source": "The pieces of scripts/reference_pieces.json; formulas in evaluation/data/metrics.json.",
        "excerpt_bars": EXCERPT, "quantiles": QUANTILES, "left_out": left_out,
    }  # fmt: skip
    write_text(TARGET, dump(about | {"groups": groups}))
    return 0


def gathered(
    name: str, wanted: dict[str, Any], table: dict[str, Any], store: dict[str, list[Piece]],
    midi: dict[str, list[Piece]], left_out: list[str],
) -> list[Piece]:  # fmt: skip
    """Return the pieces of a group, at most ``most``, drawn with a seed."""
    pieces = list(midi.get(name, [])) if wanted.get("midi") else []
    if wanted.get("store"):
        pieces += store[name]
    if wanted.get("chorales"):
        pieces += random.Random(SEED).sample(store["chorales"], wanted["chorales"])
    if wanted.get("scores"):
        pieces += scores(table["scores"][wanted["scores"]], left_out)
    most = wanted["most"]
    return pieces if len(pieces) <= most else random.Random(SEED).sample(pieces, most)


def store_by_group() -> dict[str, list[Piece]]:
    """Return the tune books and chorales of the store by genre group, without what we wrote."""
    group = {genre.name: genre.group for genre in genres()}
    genre_of = {identity: kept["fields"]["genre"] for identity, kept in load_shipped().kept.items()}
    found: dict[str, list[Piece]] = collections.defaultdict(list)
    chosen: dict[tuple[str, str], list[Any]] = collections.defaultdict(list)
    for raw in read_builtin():
        if raw.source != "chiaroscore" and raw.id in genre_of:
            where = "chorales" if raw.source == "bach" else group[genre_of[raw.id]]
            chosen[where, genre_of[raw.id]].append(raw)
    for (where, _), raws in chosen.items():
        for raw in random.Random(SEED).sample(raws, min(len(raws), MOST_OF_GENRE)):
            sample = sample_of(parse(raw.abc))
            if (where == "chorales") != one_voice(sample):
                entry = sources()[raw.source]
                found[where].append(Piece(sample, entry["title"], entry["licence"], genre_of[raw.id]))
    return found


def scores(wanted: dict[str, Any], left_out: list[str]) -> list[Piece]:
    """Return the scores of a set of the corpus."""
    corpus, found = corpus_folder(), []
    for pattern in wanted["files"]:
        for path in sorted(corpus.glob(pattern)):
            try:
                found += [Piece(sample, wanted["title"], wanted["licence"]) for sample in read_notes(path)]
            except ChiaroscoreError as error:
                left_out.append(f"{path.relative_to(corpus)}: {reason(error)}")
    return found


def midi_by_group(
    table: dict[str, Any], unpacked: pathlib.Path, left_out: list[str]
) -> dict[str, list[Piece]]:
    """Return the MIDI files of the packages by genre group."""
    found: dict[str, list[Piece]] = collections.defaultdict(list)
    by_title = {title: group for group, titles in table["titles"].items() for title in titles}
    for package, entry in table["midi"].items():
        folder = unpacked / package
        if not folder.is_dir():
            sys.exit(f"there is no folder {folder}; unpack the Debian package {package} there")
        for name, data in midi_files(folder):
            try:
                sample = midi_sample(data, name)
            except ChiaroscoreError as error:
                left_out.append(f"{package}: {reason(error)}")
                continue
            group = by_title.get(name) or instrumentation(sample)
            if group == "none" or len(from_first_note(sample).starts) < FEWEST:
                left_out.append(f"{package}: {name}: {'no group' if group == 'none' else 'too short'}")
            else:
                found[group].append(Piece(sample, entry["title"], entry["licence"]))
    return found


def midi_files(folder: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of a package's MIDI files, those in Doom archives (.wad) too, each once."""
    for path in sorted(folder.rglob("*.mid")):
        yield path.stem, path.read_bytes()
    seen: set[bytes] = set()
    for path in sorted(folder.rglob("*.wad")):
        data = path.read_bytes()
        count, directory = struct.unpack("<ii", data[4:12])
        for place in range(directory, directory + 16 * count, 16):
            start, size, name = struct.unpack("<ii8s", data[place : place + 16])
            lump = data[start : start + size]
            if lump[:4] == b"MThd" and lump not in seen:
                seen.add(lump)
                label = name.rstrip(b"\0").decode()
                yield f"{path.stem}-{label}", lump


def instrumentation(sample: Sample) -> str:
    """Return the genre group that the General MIDI programs of a game's music speak for, "none" if unclear.

    Synthesisers play over a third of the notes: electronic. Orchestral instruments play half and guitars and
    basses under 30 %: modern (orchestral scores). Drums play a tenth of all notes and guitars and basses 30 %
    of the others: rock.
    """
    program = sample.notes["program"][~sample.notes["drum"]]
    synths, guitars = [38, 39, 50, 51, 62, 63, *range(80, 104)], range(24, 40)
    orchestra = [*range(8, 12), 14, *range(40, 50), 52, 53, *range(56, 62), *range(64, 80)]

    def share(programs: Any) -> float:
        return float(np.isin(program, list(programs)).mean())

    if share(synths) >= 0.35:
        return "electronic"
    if share(orchestra) >= 0.5 and share(guitars) < 0.3:
        return "modern"
    return "rock" if share(guitars) >= 0.3 and sample.notes["drum"].mean() >= 0.1 else "none"


def excerpts(sample: Sample) -> list[Sample]:
    """Return the first and the second `EXCERPT` bars of a piece, the second if it has `FEWEST` or more."""
    whole = from_first_note(sample)
    second = excerpt(whole, EXCERPT, EXCERPT) if len(whole.starts) >= EXCERPT + FEWEST else None
    return [part for part in (excerpt(whole, EXCERPT), second) if part is not None and len(part.notes) > 20]


def entry(pieces: list[Piece], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a group."""
    monophonic = bool(wanted.get("monophonic"))
    parts = [(number, part) for number, piece in enumerate(pieces) for part in excerpts(piece.sample)]
    values = np.array([closeness_row(part, monophonic=monophonic) for _, part in parts])
    numbers = np.array([number for number, _ in parts])
    reference = Reference("", monophonic, metrics_of(monophonic), values, numbers)
    z = np.clip(standardised(values, reference), -FARTHEST, FARTHEST)
    every = [measure(prepared(part, monophonic=monophonic)) for _, part in parts]
    return {
        "note": wanted.get("note", ""),
        "monophonic": monophonic,
        "sources": source_counts(pieces),
        "pieces": len(pieces),
        "excerpts": len(parts),
        "statistics": {name: statistics([one[name] for one in every]) for name in METRICS},
        "metrics": list(reference.metrics),
        "covariance": rounded(shrunk(z)),
        "frechet_halves": halves(z, numbers),
        "values": rounded(values),
        "pieces_of_values": numbers.tolist(),
    }


def source_counts(pieces: list[Piece]) -> list[dict[str, Any]]:
    """Return titles and licences of the sources with the number of pieces of each."""
    counts = collections.Counter((piece.title, piece.licence) for piece in pieces)
    return [
        {"title": title, "licence": licence, "pieces": n} for (title, licence), n in sorted(counts.items())
    ]


def statistics(values: list[float]) -> dict[str, Any] | None:
    """Return mean, standard deviation, quantiles and count of the values that say something."""
    known = np.array([value for value in values if np.isfinite(value)])
    if len(known) < 2:
        return None
    spread = [float(f"{q:.5g}") for q in np.quantile(known, QUANTILES)]
    mean, sd = float(f"{known.mean():.5g}"), float(f"{known.std(ddof=1):.5g}")
    return {"mean": mean, "sd": sd, "quantiles": spread, "n": len(known)}


def halves(z: np.ndarray[Any, Any], numbers: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return the Fréchet distance between two halves of the pieces, mean and deviation over random splits."""
    rng = np.random.default_rng(len(z))
    found = []
    for _ in range(SPLITS):
        order = rng.permutation(np.unique(numbers))
        first = np.isin(numbers, order[: len(order) // 2])
        found.append(frechet(z[first], z[~first]))
    return {"mean": round(float(np.mean(found)), 4), "sd": round(float(np.std(found)), 4), "splits": SPLITS}


def rounded(rows: np.ndarray[Any, Any]) -> list[list[float | None]]:
    """Return rows as lists of numbers of five digits, NaN as None."""
    return [[None if not np.isfinite(v) else float(f"{v:.5g}") for v in row] for row in rows]


def reason(error: Exception) -> str:
    """Return what an error says, without folders."""
    return " ".join(str(error).replace(str(corpus_folder()) + "/", "").split())


def dump(table: dict[str, Any]) -> str:
    """Return the table as JSON, one line for each list of numbers and each metric's statistics."""

    def lines(value: Any, indent: int) -> str:
        flat = json.dumps(value, ensure_ascii=False)
        if (
            not isinstance(value, dict | list)
            or len(flat) < 100
            or (isinstance(value, list) and not nested(value))
        ):
            return flat
        pad, shut = "\n" + " " * (indent + 1), "\n" + " " * indent
        if isinstance(value, list):
            return "[" + ",".join(pad + lines(one, indent + 1) for one in value) + shut + "]"
        inner = ",".join(f"{pad}{json.dumps(key)}: {lines(one, indent + 1)}" for key, one in value.items())
        return "{" + inner + shut + "}"

    return lines(table, 0) + "\n"


def nested(value: list[Any]) -> bool:
    """Whether a list holds other lists, records or texts."""
    return any(isinstance(one, list | dict | str) for one in value)


if __name__ == "__main__":
    sys.exit(main())
