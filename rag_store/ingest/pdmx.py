"""PDMX: a table of public-domain MusicXML, with what MuseScore knows of each piece.

The columns are those of the data set (zenodo.org/records/15571083): ``mxl`` (path of the score), ``license``,
``license_url``, ``license_conflict``, ``subset:no_license_conflict``, ``title``, ``song_name``, ``genres``,
``tags``. Long, Novack, Berg-Kirkpatrick & McAuley (2024), PDMX: A large-scale public domain MusicXML dataset.
A piece whose own file contradicts its public licence is refused, as its authors advise.
"""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Iterator, Mapping

from rag_store.ingest.item import Facts, Item, Refused
from rag_store.ingest.tables import cell, inside, words
from rag_store.licensing import licence_of

SOURCE, NAME = "PDMX", "PDMX.csv"
_COLUMNS = ("mxl", "license")
_CONFLICT, _CLEAN = "license_conflict", "subset:no_license_conflict"


def is_pdmx(path: pathlib.Path) -> pathlib.Path | None:
    """Return the table if the path is one or a folder with one, else None."""
    table = path / NAME if path.is_dir() else path
    if table.suffix.lower() != ".csv" or not table.is_file():
        return None
    with table.open(encoding="utf-8", errors="replace", newline="") as file:
        header = next(csv.reader([file.readline(65_536)]), [])
    return table if all(column in header for column in _COLUMNS) else None


def pdmx(table: pathlib.Path, collection: str) -> Iterator[Item | tuple[pathlib.Path, Refused]]:
    """Yield the pieces of a table whose score is there and whose licence is not contradicted."""
    with table.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = csv.DictReader(file)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield table, Refused("unreadable", f"line {rows.line_num} of {table.name!r}: {error}")
                continue
            yield _piece(table, collection, row)


def _piece(
    table: pathlib.Path, collection: str, row: Mapping[str, str | None]
) -> Item | tuple[pathlib.Path, Refused]:
    location = cell(row.get("mxl"))
    path = inside(table.parent, location)
    if path is None:
        return table, Refused("missing", f"{table.name!r} names {location[:200]!r}, which is not beside it")
    if _conflicts(row):
        return path, Refused("licence", f"{location}: the file's own licence contradicts the published one")
    title = cell(row.get("title")) or cell(row.get("song_name"))
    facts = Facts(
        title=title, genre=words(row.get("genres")) or words(row.get("tags")), source=SOURCE,
        licence=licence_of(f"{cell(row.get('license'))} {cell(row.get('license_url'))}"),
    )  # fmt: skip
    return Item(f"{collection}:{location.removeprefix('./')}", path, "musicxml", facts=facts)


def _conflicts(row: Mapping[str, str | None]) -> bool:
    """Whether either column says so; a table without them says nothing."""
    return cell(row.get(_CONFLICT)).lower() == "true" or cell(row.get(_CLEAN)).lower() == "false"
