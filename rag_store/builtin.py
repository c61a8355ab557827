"""The built-in exemplars: texts of the installed music21 and of our own, analysis and vectors as shipped.

Analysing the whole corpus takes a minute, embedding its captions another; ``scripts/build_vectors.py`` did
both once. ``data/analysis.json.gz`` holds for each tune what `describe` found, or why it was left out, beside
a digest of its text; ``data/vectors.npz`` the caption vectors. A tune whose text is not the one analysed then
(another music21, a new exemplar) is analysed and embedded on the spot.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import pathlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

import numpy as np

from chiaroscore import NotationError, StoreError
from notation import Tune, check, parse
from rag_store.corpus import RawTune, read_builtin, source_file
from rag_store.describe import describe
from rag_store.embed import Embedder, Vectors
from rag_store.exemplar import Exemplar
from rag_store.fingerprint import fingerprint
from rag_store.trim import trim

#: Shorter pieces have no form to learn from; longer ones are cut at a double bar.
SHORTEST, LONGEST = 8, 64
#: A tune with less of its sounding time inside the scale of its K: is taken to be mis-typed.
LEAST_FIT = 0.8

Progress = Callable[[str, int, int], None]  # stage, done, total


class LeftOut(Exception):
    """Inner signal: this tune is not kept; the message says why."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """A kept exemplar and the print that finds its copies."""

    exemplar: Exemplar
    print: str


def analyse(raw: RawTune) -> Analysed:
    """Return the exemplar of a raw tune.

    Raises
    ------
    LeftOut
        If the tune does not parse, has errors, is too short, has an unfit title, or its notes do not fit its
        K:.
    NotationError
        If one of our own exemplars is left out: that is a mistake in the file.
    """
    try:
        return _analyse(raw)
    except (LeftOut, NotationError) as error:
        if raw.source == "chiaroscore":
            raise NotationError(
                f"the built-in exemplar {raw.id} is not usable: {error}; mend its file"
            ) from error
        raise LeftOut(str(error)) from error


def _analyse(raw: RawTune) -> Analysed:
    unfit = source_file()["left_out_titles"]
    if raw.source != "chiaroscore" and re.search(unfit, f"{raw.title} {raw.rhythm}", re.IGNORECASE):
        raise LeftOut("title")
    tune = _checked(raw.abc)
    cut = trim(tune, LONGEST)
    if cut != raw.abc:
        raw = RawTune(raw.id, cut, raw.title, raw.source, raw.rhythm, raw.number, raw.stated)
        tune = _checked(cut)
    exemplar, fit = describe(tune, raw)
    if exemplar.bars < SHORTEST:
        raise LeftOut(f"only {exemplar.bars} bars")
    if fit < LEAST_FIT and raw.source != "chiaroscore":
        raise LeftOut(f"only {fit:.2f} of the notes fit K:{tune.key.tonic} {tune.key.mode}")
    return Analysed(exemplar, fingerprint(tune))


def _checked(abc: str) -> Tune:
    errors = [problem for problem in check(abc) if problem.severity == "error"]
    if errors:
        raise LeftOut(f"check: {errors[0].code}")
    return parse(abc)


@dataclass(frozen=True, slots=True)
class Shipped:
    """The shipped analysis.

    ``kept``: id -> text digest, print, fields and, if the tune was cut, its length. ``left_out``: id -> text
    digest and reason.
    """

    kept: dict[str, dict[str, Any]]
    left_out: dict[str, list[str]]

    def outcome(self, raw: RawTune) -> Analysed | str | None:
        """Return what was found, the reason if the tune was left out, None if this text was not analysed."""
        digest = text_digest(raw.abc)
        entry = self.kept.get(raw.id)
        if entry is not None and entry["text"] == digest:
            abc = raw.abc[: entry["length"]] + "\n" if "length" in entry else raw.abc
            fields = entry["fields"] | {"instruments": tuple(entry["fields"].get("instruments", ()))}
            return Analysed(Exemplar(abc=abc, **fields), entry["print"])
        left = self.left_out.get(raw.id)
        return left[1] if left is not None and left[0] == digest else None


EMPTY = Shipped({}, {})


def load_shipped(folder: pathlib.Path | None = None) -> Shipped:
    """Read ``analysis.json.gz``; an absent file is an empty analysis.

    Raises
    ------
    StoreError
        If the file is broken.
    """
    path = (folder or data_folder()) / "analysis.json.gz"
    if not path.is_file():
        return EMPTY
    try:
        loaded = json.loads(gzip.decompress(path.read_bytes()))
        return Shipped(loaded["kept"], loaded["left_out"])
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise StoreError(f"{str(path)!r} is broken ({error}); reinstall chiaroscore") from error


def dump_shipped(analysed: Iterable[tuple[RawTune, Analysed | str]]) -> bytes:
    """Return the bytes of ``analysis.json.gz``; equal input gives equal bytes."""
    kept: dict[str, dict[str, Any]] = {}
    left_out: dict[str, list[str]] = {}
    for raw, outcome in analysed:
        if isinstance(outcome, str):
            left_out[raw.id] = [text_digest(raw.abc), outcome]
            continue
        fields = asdict(outcome.exemplar)
        abc = fields.pop("abc")
        fields = {
            name: value for name, value in fields.items() if value or name not in ("instruments", "year")
        }
        kept[raw.id] = {"text": text_digest(raw.abc), "print": outcome.print, "fields": fields}
        if abc != raw.abc:
            kept[raw.id]["length"] = len(abc.rstrip())  # cut: the first so many characters, see `trim`
    text = json.dumps(
        {"kept": kept, "left_out": left_out}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return gzip.compress(text.encode("utf-8"), 9, mtime=0)


def builtin_exemplars(progress: Progress | None = None) -> list[Exemplar]:
    """Return all built-in exemplars, duplicates left out, in a fixed order.

    Raises
    ------
    MissingPartError
        If music21's corpus is not installed.
    NotationError
        If one of our own exemplars is not valid.
    """
    shipped = load_shipped()
    raws = list(read_builtin())
    prints = {entry["print"] for entry in shipped.kept.values()}
    exemplars: list[Exemplar] = []
    for done, raw in enumerate(raws, 1):
        found = shipped.outcome(raw) or _new(raw, prints)
        if isinstance(found, Analysed):
            exemplars.append(found.exemplar)
        if progress and (done % 100 == 0 or done == len(raws)):
            progress("reading tunes", done, len(raws))
    return exemplars


def _new(raw: RawTune, prints: set[str]) -> Analysed | str:
    """Analyse a tune that the shipped analysis does not know; the reason if it is left out."""
    try:
        found = analyse(raw)
    except LeftOut as error:
        return str(error)
    if found.print in prints and raw.source != "chiaroscore":
        return "copy"
    prints.add(found.print)
    return found


def builtin_vectors(
    exemplars: Sequence[Exemplar], embedder: Embedder, progress: Progress | None = None
) -> Vectors:
    """Return the caption vectors, shape ``(n, dim)``: shipped ones if model and caption agree, else new."""
    shipped = _shipped_vectors(embedder)
    rows = np.zeros((len(exemplars), embedder.dim), dtype=np.float32)
    missing: list[int] = []
    for i, exemplar in enumerate(exemplars):
        vector = shipped.get(caption_digest(exemplar.caption))
        if vector is None:
            missing.append(i)
        else:
            rows[i] = vector
    for start in range(0, len(missing), 64):
        chosen = missing[start : start + 64]
        rows[chosen] = embedder.embed([exemplars[i].caption for i in chosen])
        if progress:
            progress("embedding captions", min(start + 64, len(missing)), len(missing))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _shipped_vectors(embedder: Embedder) -> dict[bytes, Vectors]:
    path = data_folder() / "vectors.npz"
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as loaded:
            if str(loaded["model"]) != embedder.id or loaded["vectors"].shape[1] != embedder.dim:
                return {}
            rows = loaded["vectors"].astype(np.float32)
            return {bytes(digest): row for digest, row in zip(loaded["captions"], rows, strict=True)}
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{str(path)!r} is broken ({error}); reinstall chiaroscore") from error


def builtin_digest() -> str:
    """Digest of everything the built-in store is made of: shipped data, own exemplars, version of music21."""
    from importlib.metadata import version

    digest = hashlib.sha256(f"music21 {version('music21')}".encode())
    folder = data_folder()
    names = ("analysis.json.gz", "vectors.npz", "music_space.npz", "music_vectors.npz")
    shipped = [folder / name for name in names]  # lines.npz only saves parsing
    for path in sorted(
        [*folder.glob("*.json"), *filter(pathlib.Path.is_file, shipped), *folder.glob("exemplars/*.abc")]
    ):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def text_digest(abc: str) -> str:
    """Short digest of a text."""
    return hashlib.sha256(abc.encode("utf-8")).hexdigest()[:16]


def caption_digest(caption: str) -> bytes:
    """Short digest of a caption, as stored beside its vector."""
    return hashlib.sha256(caption.encode("utf-8")).hexdigest()[:16].encode()


def data_folder() -> pathlib.Path:
    """Folder of the shipped data."""
    return pathlib.Path(str(resources.files("rag_store").joinpath("data")))
