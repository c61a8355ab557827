"""``chiaroscore compose``: pictures in, pieces out."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import console
from agent.cli.minds import (
    Candidates,
    DryRun,
    MapperPath,
    Mind,
    MindName,
    Rounds,
    Seconds,
    Tokens,
    Tries,
    Vlm,
    WriterName,
    mind_of,
)
from agent.cli.requests import ComposeOutput, Engine, SoundFont, check_output, check_sound
from agent.formats import FORMATS, KNOWN, check_formats, file_stem
from chiaroscore import ChiaroscoreError, ControlError, MissingPartError, StoreError

if TYPE_CHECKING:
    from agent.agent import Agent
    from agent.cli.progress import Progress
    from agent.piece import Piece
    from agent.vlm.protocol import Backend


def _asks(name: str, metavar: str, text: str) -> Any:
    return typer.Option(f"--{name}", metavar=metavar, help=text)


def compose(
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE", help="PNG, JPEG, WebP, AVIF, GIF, TIFF, BMP.")
    ],
    output: ComposeOutput = None,
    tempo: Annotated[
        str | None, _asks("tempo", "QPM|WORD", "Quarter notes a minute (20 to 300), or a word: Andante.")
    ] = None,
    key: Annotated[str | None, _asks("key", "KEY", "'D dorian', 'Bb', 'F#m'.")] = None,
    meter: Annotated[str | None, _asks("meter", "METER", "3/4, 6/8, 5/4 ...")] = None,
    bars: Annotated[str | None, _asks("bars", "N", "Length in bars, 4 to 128.")] = None,
    duration: Annotated[str | None, _asks("duration", "SECONDS", "Length in seconds, 4 to 600.")] = None,
    genre: Annotated[str | None, _asks("genre", "NAME", "waltz, nocturne, tango, blues, film ...")] = None,
    mood: Annotated[str | None, _asks("mood", "WORD", "calm, joyful, tense, melancholy ...")] = None,
    valence: Annotated[str | None, _asks("valence", "-1..1", "From sad (-1) to happy (1).")] = None,
    arousal: Annotated[str | None, _asks("arousal", "-1..1", "From calm (-1) to excited (1).")] = None,
    instruments: Annotated[
        str | None,
        _asks("instruments", "NAMES", "'cello, harp', a family (strings), General MIDI numbers from 0."),
    ] = None,
    density: Annotated[
        str | None, _asks("density", "WORD|N", "sparse, medium, dense, or notes a second.")
    ] = None,
    register: Annotated[
        str | None, _asks("register", "WORD|NOTE", "Of the melody: low, middle, high, C5, a MIDI number.")
    ] = None,
    form: Annotated[str | None, _asks("form", "FORM", "AABA, \"ABA'\", rondo, 'intro AB coda' ...")] = None,
    continue_from: Annotated[
        str | None,
        _asks("continue-from", "FILE", "A theme to go on from: .abc, .mid, .musicxml."),
    ] = None,
    seed: Annotated[str, _asks("seed", "N", "Another number gives another piece.")] = "0",
    candidates: Candidates = None,
    mind_name: MindName = None,
    mapper: MapperPath = None,
    vlm: Vlm = None,
    writer: WriterName = None,
    tries: Tries = None,
    rounds: Rounds = None,
    tokens: Tokens = None,
    seconds: Seconds = None,
    dry_run: DryRun = False,
    formats: Annotated[str, _asks("formats", "LIST", f"Of {','.join(KNOWN)}.")] = ",".join(FORMATS),
    soundfont: SoundFont = None,
    engine: Engine = "auto",
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Compose a piece for each picture.

    One picture: its files go into FOLDER. Several: each gets a folder of its own in it; a picture that
    cannot be composed is reported and the others go on. What is not asked for is chosen from the picture.
    The same picture, requests and seed give the same files.

    A model composes if --vlm names one, or the variable CHIAROSCORE_VLM; else the offline mind, which needs
    none and also does what a model cannot. With --mind distilled a small network plans between the offline
    mind's looking and writing; its candidates (-n) are different plans.
    """
    limits = {"tries": tries, "rounds": rounds, "tokens": tokens, "seconds": seconds}
    mind = mind_of(vlm, writer, candidates, limits, dry_run=dry_run, mind=mind_name, mapper=mapper)
    requests: dict[str, Any] = {
        "tempo": tempo, "key": key, "meter": meter, "bars": bars, "duration": duration, "genre": genre,
        "mood": mood, "valence": valence, "arousal": arousal, "instruments": instruments, "density": density,
        "register": register, "form": form, "seed": seed,
    }  # fmt: skip
    wanted = check_formats(formats)
    requests = _checked(requests)
    if continue_from is not None:
        requests["continue_from"] = continue_from
    if dry_run:
        _rehearse(pictures, requests, mind, as_json=as_json)
        return
    if output is None:
        raise ControlError(
            "--output is missing; name a folder for the files: -o FOLDER; see chiaroscore compose --help"
        )
    if mind.candidates is not None:
        requests["n"] = mind.candidates
    check_output(output)
    check_sound(wanted, soundfont, engine)
    with mind.opened() as backend:
        job = _Job(output, wanted, soundfont, engine, requests, mind, backend)
        done = job.one(pictures[0]) if len(pictures) == 1 else job.several(pictures)
    done.report(as_json=as_json)
    raise typer.Exit(console.MISTAKE if done.failed else console.OK)


def _checked(requests: dict[str, Any]) -> dict[str, Any]:
    """Return the requests that were made; raises `ControlError` for one that is unknown or cannot be met."""
    from agent.controls import Controls

    controls = Controls.parse(**requests)
    return {
        **{name: value for name, value in requests.items() if value is not None},
        "seed": controls.seed or 0,
    }


def _rehearse(pictures: Sequence[str], requests: dict[str, Any], mind: Mind, *, as_json: bool) -> None:
    """Print the prompts that a model would get."""
    from agent.cli.dryrun import show_prompts
    from agent.cli.progress import Progress
    from agent.picture import open_picture

    for picture in pictures:
        open_picture(picture)
    from rag_store import Store

    with Progress() as progress:
        store = Store.open(progress=progress.building)
    with store:
        show_prompts(pictures, requests, mind, store, as_json=as_json)


@dataclass
class Done:
    """What became of the pictures."""

    pieces: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)

    def report(self, *, as_json: bool) -> None:
        """Print the result: a document, or a summary for people."""
        if as_json:
            console.emit({"pieces": self.pieces, "failed": self.failed})
            return
        from agent.cli.summary import lines, makers

        for number, piece in enumerate(self.pieces):
            console.show(("\n" if number else "") + "\n".join([*lines(piece), *makers(piece)]))
        if self.failed:
            count = len(self.pieces) + len(self.failed)
            console.say(f"error: {len(self.failed)} of {count} pictures could not be composed:")
            for one in self.failed:
                console.say(f"  {one['picture']}: {one['message']}")


@dataclass
class _Job:
    """One run of the command."""

    output: pathlib.Path
    formats: tuple[str, ...]
    soundfont: pathlib.Path | None
    engine: str
    requests: dict[str, Any]
    mind: Mind
    backend: Backend | None

    def one(self, picture: str) -> Done:
        """Compose one picture into the folder; its error is the command's."""
        with self._progress() as progress:
            return Done([self._composed(self._agent(picture, progress), picture, self.output, progress)])

    def several(self, pictures: Sequence[str]) -> Done:
        """Compose each picture into a folder of its own; what is wrong with one does not stop the others."""
        done = Done()
        agent: Agent | None = None
        with self._progress() as progress:
            for picture, name in zip(pictures, folder_names(pictures), strict=True):
                try:
                    agent = agent or self._agent(picture, progress)
                    done.pieces.append(self._composed(agent, picture, self.output / name, progress))
                except (MissingPartError, StoreError):
                    raise  # every other picture would fail alike
                except ChiaroscoreError as error:
                    progress.note(f"{picture}: {console.message(error)}")
                    done.failed.append({"picture": picture, **console.described(error)})
        return done

    def _progress(self) -> Progress:
        from agent.cli.progress import Progress

        return Progress(model=self.backend is not None)

    def _agent(self, picture: str, progress: Progress) -> Agent:
        """Return the agent; the store is built with a progress bar if this is the first time."""
        from agent.picture import open_picture
        from rag_store import Store, store_state

        open_picture(picture)  # a file that is no picture ends here, before anything slow is imported
        store = None if store_state().ready else Store.open(progress=progress.building)
        return self.mind.agent(store, self.backend)

    def _composed(
        self, agent: Agent, picture: str, folder: pathlib.Path, progress: Progress
    ) -> dict[str, Any]:
        """Compose, render and save one picture; returns what is said of the piece."""
        started = time.perf_counter()
        piece = agent.compose(picture, **self.requests, on_step=progress.step(picture))
        progress.rendering(picture)
        files = piece.save(folder, formats=self.formats, soundfont=self.soundfont, engine=self.engine)
        return described(piece, picture, files, time.perf_counter() - started)


def folder_names(pictures: Sequence[str]) -> list[str]:
    """Return a folder name for each picture: its own, numbered where two are alike but for capitals."""
    names: list[str] = []
    taken: set[str] = set()
    for picture in pictures:
        name = base = file_stem(picture, "piece")
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def described(piece: Piece, picture: str, files: Sequence[pathlib.Path], seconds: float) -> dict[str, Any]:
    """Return what scripts and the summary say of a piece."""
    from agent.cli.summary import because, who
    from agent.obeyed import missed

    plan = piece.plan
    return {
        "picture": picture,
        "title": plan.title,
        "genre": plan.genre,
        "mood": plan.emotion.words[0],
        "key": plan.key,
        "meter": plan.meter,
        "tempo": plan.tempo,
        "tempo_text": plan.tempo_text,
        "bars": plan.bars,
        "form": plan.form,
        "instruments": [{"name": part.instrument, "role": part.role} for part in plan.instruments],
        "seed": piece.seed,
        "score": piece.verdict.score,
        "obeyed": [asdict(one) for one in piece.obeyed],
        "missed": [one.name for one in missed(piece.obeyed)],
        "because": because(piece),
        "exemplars": [hit.exemplar.id for hit in piece.exemplars],
        "files": [str(file) for file in files],
        "seconds": round(seconds, 3),
        "remarks": list(piece.remarks),
        **who(piece),
    }
