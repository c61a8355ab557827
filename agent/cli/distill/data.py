"""``chiaroscore distill data``: what a mind says of pictures and texts, kept for teaching."""

from __future__ import annotations

import contextlib
import os
import pathlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import console
from agent.cli.store.numbers import whole
from chiaroscore import ControlError

if TYPE_CHECKING:
    from agent.distilling.minds import Mind


def data(
    out: Annotated[
        pathlib.Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the teacher data.")
    ],
    pictures: Annotated[
        list[pathlib.Path] | None,
        typer.Option(
            "--pictures", metavar="DIR", help="Folder with pictures, searched through; may be given again."
        ),
    ] = None,
    captions: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--captions", metavar="FILE", help="English captions: one a line, or a CSV column 'caption'."
        ),
    ] = None,
    most_captions: Annotated[
        str | None, typer.Option("--most-captions", metavar="N", help="Take so many captions, by chance.")
    ] = None,
    scenes: Annotated[str, typer.Option("--scenes", metavar="N", help="Textual scenes to fill in.")] = "4000",
    variants: Annotated[
        str, typer.Option("--variants", metavar="N", help="Of each picture: crops, mirrored, graded.")
    ] = "12",
    plans: Annotated[str, typer.Option("--plans", metavar="N", help="Plans to ask for, of each.")] = "3",
    mind: Annotated[
        str,
        typer.Option("--mind", metavar="WHO", help="The teacher: offline, or a model as for compose --vlm."),
    ] = "offline",
    encoder: Annotated[
        pathlib.Path | None,
        typer.Option("--encoder", metavar="FILE", help="A saved one; by default one is fitted."),
    ] = None,
    clip: Annotated[
        str | None,
        typer.Option("--clip", metavar="MODEL", help="See with a CLIP model: folder or cached hub id."),
    ] = None,
    processes: Annotated[
        str | None, typer.Option("--processes", metavar="N", help="That work; by default one a core.")
    ] = None,
    seed: Annotated[
        str, typer.Option("--seed", metavar="N", help="Same seed and pictures, same data.")
    ] = "0",
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Make teacher data for a mapper: what a mind makes of pictures and of textual scenes.

    It may be stopped at any time and run again: it goes on where it was. Ends with 1 if no
    example came of it.
    """
    from agent.cli.progress import Progress
    from agent.distilling.captions import read_captions
    from agent.distilling.teach import Sources, teach
    from mapper.encoders import Encoder

    number = whole("seed", seed, 0)
    limit = whole("most-captions", most_captions, 1) if most_captions is not None else None
    sources = Sources(
        pictures=tuple(pictures or ()),
        variants=whole("variants", variants, 1, 1000),
        scenes=whole("scenes", scenes, 0, 1_000_000),
        captions=read_captions(captions, limit, number) if captions is not None else (),
        plans=whole("plans", plans, 1, 100),
    )
    workers = whole("processes", processes, 1, 256) if processes is not None else os.cpu_count() or 1
    if clip is not None and encoder is not None:
        raise ControlError("--clip and --encoder exclude each other; give one")
    given = clip if encoder is None else Encoder.load(encoder)
    started = time.perf_counter()
    with Progress() as progress, _teacher(mind) as teacher:
        try:
            found = teach(
                sources, out, mind=teacher, encoder=given, seed=number, processes=workers,
                progress=progress.working,
            )  # fmt: skip
        except KeyboardInterrupt:
            console.say("what was made so far is kept; the same command goes on from there")
            raise
    seconds = time.perf_counter() - started
    if as_json:
        console.emit({"folder": str(out), "seconds": round(seconds, 1), **_as_data(found)})
    else:
        console.show(
            f"{found.examples:,} examples in {out}: {found.new:,} new, {found.repeated:,} "
            f"repetitions left out; {found.pictures:,} pictures, {found.scenes:,} texts, "
            f"{seconds:.0f} s; encoder {found.encoder}"
        )
    raise typer.Exit(console.OK if found.examples else console.FOUND)


@contextlib.contextmanager
def _teacher(mind: str) -> Iterator[Mind]:
    """Hold the teacher that was asked for."""
    from agent.distilling.minds import ModelMind, OfflineMind
    from agent.vlm.choose import opened, spec_of

    spec = spec_of(mind)
    if spec is None:
        yield OfflineMind()
        return
    backend = opened(spec)
    try:
        yield ModelMind(backend)
    finally:
        backend.close()


def _as_data(found: object) -> dict[str, object]:
    import dataclasses

    return dataclasses.asdict(found)  # type: ignore[call-overload,no-any-return]
