"""A finished piece: the score, everything that led to it, and its renderings."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import pathlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import Image

import chiaroscore
from agent.controls import Controls
from agent.critic import Revision, Verdict
from agent.draft import Draft
from agent.editing.lineage import Ancestor
from agent.formats import FORMATS, SOUND_FORMATS, check_formats, page_names, superseded
from agent.manifest import RATE, manifest_of, sound_record
from agent.obeyed import Obeyed, obeyed, parts_of
from evaluation import measure
from notation import Tune, parse
from prompts import Plan, Scene
from rag_store import Hit, Likeness, Match
from rag_store.searching.query import TRACKS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent.sound import Sound
    from agent.vlm.protocol import Backend
    from agent.vlm.transcript import Call
    from explain import Explanation


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
    picture: Image.Image | None = field(repr=False)  # None for a piece loaded without it
    name: str = "piece"
    originality: Match | None = None  # longest stretch of the melody that an exemplar of the store has too
    likeness: Likeness | None = None  # the exemplar whose melody is likest, ornaments and values aside
    lineage: tuple[Ancestor, ...] = ()  # the pieces it was made from, nearest first
    parent: Piece | None = field(default=None, repr=False, compare=False)
    remarks: tuple[str, ...] = ()  # what an edit or a theme could not leave as it was
    theme: dict[str, Any] | None = None  # what it goes on from
    pictured: dict[str, Any] | None = field(default=None, repr=False)  # of the picture, where it is not here
    minds: dict[str, str] = field(default_factory=dict)  # of "perceive" and "plan"; else offline
    calls: tuple[Call, ...] = field(default=(), repr=False)  # what was asked of a model, with times
    mapped: dict[str, Any] | None = field(default=None, repr=False)  # of the mapper that planned, if one did
    recorded_calls: tuple[dict[str, Any], ...] = field(default=(), repr=False)  # of a piece that was saved
    tracks: tuple[str, ...] = TRACKS  # how its exemplars were sought
    alternatives: tuple[Piece, ...] = field(default=(), repr=False, compare=False)  # best first

    @functools.cached_property
    def tune(self) -> Tune:
        """The score as parsed from its ABC."""
        return parse(self.abc)

    @functools.cached_property
    def metrics(self) -> dict[str, float]:
        """Every metric of `evaluation.METRICS` for the score."""
        return measure(self.tune)

    @functools.cached_property
    def obeyed(self) -> tuple[Obeyed, ...]:
        """Each request and whether the score meets it, measured on its ABC; see `agent.obeyed`."""
        return obeyed(self.tune, self.controls, parts_of(self.draft.form))

    @property
    def transcript(self) -> tuple[dict[str, Any], ...]:
        """What was asked of a model and what it answered, as the manifest keeps it: no times, no secrets."""
        return tuple(call.record() for call in self.calls) or self.recorded_calls

    @property
    def writer(self) -> str:
        """Who wrote the score: "offline", or the id of a model's backend."""
        return self.draft.writer

    @property
    def why(self) -> str:
        """Why it sounds so, in sentences: what was seen, and what each decision comes from."""
        lines = [self.scene.description, self.plan.reasoning]
        for element, causes in self.plan.causes.items():
            for cause in causes:
                source = f" [{cause.source}]" if cause.source else ""
                lines.append(f"{element}: {cause.scene} = {cause.value}: {cause.effect}{source}")
        lines += [f"section {letter}: {motive}" for letter, motive in self.draft.motives.items()]
        return "\n".join(line for line in lines if line)

    @functools.cached_property
    def midi(self) -> bytes:
        """Standard MIDI file, as played: swung if the plan swings, with small departures from the score.

        The piece's seed decides these; the score itself is written straight.
        """
        from render import midi

        return midi(self.tune, swing=self.plan.rhythm.swing, humanise=self.seed)

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
        return manifest_of(self)

    def explain(
        self, *, reader: str | Backend | None = None, thorough: bool = False, method: str | None = None
    ) -> Explanation:
        """Return why the piece sounds as it does: what in the picture led to what in the score.

        Parameters
        ----------
        reader
            A local model that reads a model's answers and score again, to show where it looks:
            ``"transformers:<hub id or path>"``. A piece of the offline mind needs none.
        thorough
            More checks of the maps, for more time.
        method
            ``"attention"``, ``"gradient"``, ``"rollout"`` or ``"occlusion"`` where there is a choice.

        Returns
        -------
        explain.Explanation
            Shown in Jupyter; ``to_html()`` is one page, ``figure()`` a matplotlib figure.

        Raises
        ------
        ControlError
            If the reader or the method is unknown.
        """
        from agent.explaining.build import explain

        return explain(self, reader=reader, thorough=thorough, method=method)

    def revise(self, request: str) -> Piece:
        """Return a new piece in which what is asked for is changed and the rest stays.

        Parameters
        ----------
        request
            Edits, divided by commas: ``"slower, in minor, cello instead of flute"``. The vocabulary is in
            ``docs/editing.md``.

        Returns
        -------
        Piece
            Its ``parent`` is this piece, its ``remarks`` say what had to be written anew.

        Raises
        ------
        ControlError
            If a word is not understood, or an edit cannot be made; then nothing is composed.
        """
        from agent.editing.desk import revise

        return revise(self, request)

    def keep(self, bars: tuple[int, int] | Iterable[tuple[int, int]], *, seed: int | None = None) -> Piece:
        """Return a new piece in which some bars stay, note for note in every voice; the rest is new.

        Parameters
        ----------
        bars
            First and last bar, counted from 1, both included; or several such pairs.
        seed
            Of the new bars; by default the piece's own and one.

        Raises
        ------
        ControlError
            If a range lies outside the piece, or nothing is left to compose.
        """
        from agent.editing.desk import keep

        return keep(self, bars, seed)

    def extend(self, bars: int, *, seed: int | None = None) -> Piece:
        """Return a new piece that goes on for ``bars`` bars, to a cadence of its own; the old bars stay.

        Raises
        ------
        ControlError
            If ``bars`` is not from 1 to 64, or the piece would be longer than 256 bars.
        """
        from agent.editing.desk import extend

        return extend(self, bars, seed)

    def vary(self, n: int = 3) -> tuple[Piece, ...]:
        """Return ``n`` other pieces for the same plan, the one that the critic finds best first.

        Raises
        ------
        ControlError
            If ``n`` is not from 1 to 12.
        """
        from agent.editing.desk import vary

        return vary(self, n)

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
            "sound": sound_record(soundfont, engine) if heard else None,
            "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        }
        manifest = json.dumps(
            {**self.manifest(), "rendering": rendering}, indent=2, ensure_ascii=False, allow_nan=False
        )
        files["manifest.json"] = (manifest + "\n").encode()
        old = superseded(folder, self.name, files)
        written = chiaroscore.replace_folder(folder, files)
        for page in old:
            page.unlink(missing_ok=True)
        return written

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
