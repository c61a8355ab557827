"""A folder of scores judged: close to real music, as asked for, unlike each other, unlike the exemplars.

What is known of a piece besides its notes comes from the ``manifest.json`` beside it, where Chiaroscore wrote
one: genre, the emotion that was planned, the requests. Everything that is measured is measured on the score.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.checks.heard import Obeyed
from agent.genres import genre
from agent.obeyed import obeyed_of_record
from chiaroscore import ChiaroscoreError, ControlError, InputError
from evaluation import (
    Comparison,
    Reference,
    Sample,
    Unread,
    closeness_row,
    compare_pooled,
    compare_rows,
    diversity,
    group_reference,
    measure,
    read_folder,
    reference_of,
    score_emotion,
    standardised,
)
from notation import Tune, parse
from rag_store import Match, Store, store_state

#: Bytes of a manifest that is read, and standard deviations beyond which a piece's metric is called unusual.
_MOST_BYTES, UNUSUAL = 2**22, 2.0


@dataclass(frozen=True)
class Assessed:
    """One piece: what it is, and what was measured on it."""

    path: pathlib.Path
    title: str
    sample: Sample
    metrics: dict[str, float]
    tune: Tune | None = field(default=None, repr=False)  # of an ABC file that holds one tune
    genre: str = ""  # "" where nothing says it
    group: str = ""
    picture: str = ""  # digest of the picture it was written for
    emotion: tuple[float, float] | None = None  # valence and arousal of the score; None without a tune
    planned: tuple[float, float] | None = None
    obeyed: tuple[Obeyed, ...] = ()
    match: Match | None = None
    against: str = ""  # name of the reference it is compared with, "" if none
    row: NDArray[np.float64] | None = None  # metrics of closeness as that reference measures them
    unusual: tuple[str, ...] = ()  # those further than `UNUSUAL` from its reference


@dataclass(frozen=True)
class Assessment:
    """A folder judged."""

    folder: str
    pieces: tuple[Assessed, ...]
    unread: tuple[Unread, ...]
    references: tuple[Reference, ...]  # of the groups that occur
    groups: tuple[Comparison, ...]  # one a reference
    whole: Comparison | None  # every piece against its own reference
    likeness: tuple[float, float] = (
        float("nan"),
        float("nan"),
    )  # median similarity of two melodies: see `_likeness`
    notes: tuple[str, ...] = field(default=())  # what could not be measured, and why

    @property
    def emotion_agreement(self) -> tuple[float, float] | None:
        """Correlation of planned and measured valence, and arousal; None with under three such pieces."""
        both = [(one.planned, one.emotion) for one in self.pieces if one.planned and one.emotion]
        if len(both) < 3:
            return None
        planned, measured = np.array(both).transpose(1, 2, 0)
        return _correlation(planned[0], measured[0]), _correlation(planned[1], measured[1])

    @property
    def requests(self) -> tuple[int, int]:
        """How many requests were met, and how many there were."""
        every = [one.met for piece in self.pieces for one in piece.obeyed]
        return sum(every), len(every)


def assess(
    folder: str | pathlib.Path, reference: str = "corpus", *, group: str = "", store: Store | None = None
) -> Assessment:
    """Judge the scores of a folder.

    Parameters
    ----------
    folder
        ABC, MIDI, MusicXML, Humdrum; with the manifests of Chiaroscore beside them or without.
    reference
        ``"corpus"``: the shipped statistics of real music of each piece's genre group; or a folder of scores
        that all pieces are compared with.
    group
        Genre group of pieces that do not say theirs.
    store
        For originality; the built-in one if it is built, else originality is not measured.

    Raises
    ------
    InputError
        If a folder does not exist or holds no score.
    ControlError
        If the group is unknown.
    """
    if group:
        group_reference(group)
    own = None if reference == "corpus" else _own_reference(reference)
    found, unread = read_folder(folder)
    notes: list[str] = []
    store = store or _ready_store(notes)
    pieces = [_assessed(path, sample, group, store, notes) for path, sample in found]
    pieces, references = _compared(pieces, own, notes)
    rows = {
        one.name: np.array([piece.row for piece in pieces if piece.against == one.name]) for one in references
    }
    groups = tuple(compare_rows(rows[one.name], one) for one in references)
    whole = compare_pooled(rows, references) if references else None
    likeness = _likeness(pieces)
    return Assessment(
        str(folder),
        tuple(pieces),
        tuple(unread),
        references,
        groups,
        whole,
        likeness,
        tuple(dict.fromkeys(notes)),
    )


def _own_reference(folder: str) -> Reference:
    """Return the reference that a folder of scores makes."""
    samples = [sample for _, sample in read_folder(folder)[0]]
    if len(samples) < 2:
        raise InputError(f"{folder!r} holds {len(samples)} score; a reference needs two or more")
    return reference_of(samples, pathlib.Path(folder).name or folder)


def _ready_store(notes: list[str]) -> Store | None:
    """Return the built-in store if it is there: judging shall not take the time to build it."""
    if store_state().ready:
        return Store.open()
    notes.append("originality is not measured: the exemplar store is not built; run: chiaroscore store build")
    return None


def _assessed(
    path: pathlib.Path, sample: Sample, group: str, store: Store | None, notes: list[str]
) -> Assessed:
    """Measure a piece."""
    record = _manifest(path.parent, notes)
    name, group = _kind(path, record, group)
    tune = _tune(path)
    planned = record.get("plan", {}).get("emotion", {}) if record else {}
    feeling = score_emotion(tune) if tune else None
    return Assessed(
        path=path,
        tune=tune,
        picture=str(picture.get("sha256", "")) if isinstance(picture := record.get("picture"), dict) else "",
        title=sample.name or path.stem,
        sample=sample,
        metrics=measure(sample),
        genre=name,
        group=group,
        emotion=(feeling.valence, feeling.arousal) if feeling else None,
        planned=(planned["valence"], planned["arousal"])
        if {"valence", "arousal"} <= planned.keys()
        else None,
        obeyed=_obeyed(record, tune, path, notes),
        match=store.longest_match(tune) if store and tune else None,
    )


def _manifest(folder: pathlib.Path, notes: list[str]) -> dict[str, Any]:
    """Return the manifest of a folder, empty if there is none that can be read."""
    path = folder / "manifest.json"
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES:,} bytes")
        record = json.loads(path.read_text("utf-8"))
        plan = record.get("plan", {})
        if isinstance(plan, dict) and isinstance(plan.get("emotion", {}), dict):
            return dict(record)
        raise ValueError("its plan is no record")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        notes.append(f"{path} is no manifest ({error}); its piece is judged without it")
        return {}


def _kind(path: pathlib.Path, record: dict[str, Any], group: str) -> tuple[str, str]:
    """Return genre and group: of the manifest's plan, else of the R: field, else the group asked for."""
    stated = record.get("plan", {}).get("genre") or (_rhythm(path) if path.suffix.lower() == ".abc" else "")
    try:
        known = genre(stated)
    except ControlError:
        return "", group
    return known.name, known.group


def _rhythm(path: pathlib.Path) -> str:
    """Return the R: field of an ABC file."""
    for line in path.read_text("utf-8", errors="replace").splitlines()[:40]:
        if line.startswith("R:"):
            return line[2:].strip()
    return ""


def _tune(path: pathlib.Path) -> Tune | None:
    """Return the tune of an ABC file that holds one, None of other files."""
    if path.suffix.lower() != ".abc":
        return None
    text = path.read_text("utf-8-sig")
    return parse(text) if sum(line.startswith("X:") for line in text.splitlines()) <= 1 else None


def _obeyed(
    record: dict[str, Any], tune: Tune | None, path: pathlib.Path, notes: list[str]
) -> tuple[Obeyed, ...]:
    """Check the requests of a manifest on the score as it is now."""
    if not record.get("request") or tune is None:
        return ()
    try:
        return obeyed_of_record(record, tune.abc)
    except (ChiaroscoreError, AttributeError, LookupError, TypeError, ValueError) as error:
        notes.append(f"{path}: its requests cannot be checked: {' '.join(str(error).split())}")
        return ()


def _compared(
    pieces: list[Assessed], own: Reference | None, notes: list[str]
) -> tuple[list[Assessed], tuple[Reference, ...]]:
    """Give every piece its row of metrics of closeness; return also the references that occur."""
    references: dict[str, Reference] = {}
    made = []
    for piece in pieces:
        chosen = own or (group_reference(piece.group) if piece.group else None)
        if chosen is None:
            what = (
                f"no real music of the group {piece.group!r} is at hand"
                if piece.group
                else "no genre is known"
            )
            notes.append(f"{piece.path.name}: {what}; it is compared with nothing")
            made.append(piece)
            continue
        references[chosen.name] = chosen
        row = closeness_row(piece.sample, monophonic=chosen.monophonic)
        far = np.abs(standardised(row[None], chosen)[0]) > UNUSUAL
        unusual = tuple(name for name, out in zip(chosen.metrics, far, strict=True) if out)
        made.append(dataclasses.replace(piece, against=chosen.name, row=row, unusual=unusual))
    return made, tuple(references[name] for name in sorted(references))


def _likeness(pieces: Sequence[Assessed]) -> tuple[float, float]:
    """Return the median similarity of two melodies for different pictures, and for the same; NaN without any.

    `evaluation.melodic_similarity`: 1 is the same melody. Pieces without a manifest count as of different
    pictures.
    """
    known = [one for one in pieces if one.tune]
    if len(known) < 2:
        return float("nan"), float("nan")
    first, second = np.triu_indices(len(known), 1)
    alike = diversity([one.tune for one in known if one.tune]).ngrams[first, second]
    pictures = np.array([one.picture or str(one.path) for one in known])
    same = pictures[first] == pictures[second]
    return _median(alike[~same]), _median(alike[same])


def _median(values: NDArray[np.float64]) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("nan")


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Pearson's r, NaN where one does not vary."""
    if a.std() < 1e-12 or b.std() < 1e-12:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
