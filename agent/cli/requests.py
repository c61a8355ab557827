"""The options that commands share, and the checks of outputs that cost nothing."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from chiaroscore import check_writable

Output = Annotated[
    pathlib.Path,
    typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the files; made if it is not there."),
]
ComposeOutput = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--output", "-o", metavar="FOLDER", help="Folder for the files; needed but for --dry-run.",
    ),
]  # fmt: skip
SoundFont = Annotated[
    pathlib.Path | None,
    typer.Option("--soundfont", metavar="FILE", help="SoundFont (.sf2, .sf3) to play with."),
]
Engine = Annotated[
    str, typer.Option("--engine", metavar="NAME", help="How sound is made: auto, pyfluidsynth, midi2audio.")
]


def check_output(folder: pathlib.Path) -> None:
    """Refuse a folder that cannot be written, before anything is composed.

    Raises
    ------
    InputError
        If it cannot.
    """
    check_writable(folder)


def check_sound(formats: tuple[str, ...], soundfont: pathlib.Path | None, engine: str) -> None:
    """Refuse a SoundFont or an engine that cannot play, before anything is composed.

    Raises
    ------
    InputError
        If the SoundFont is none.
    ControlError
        If the engine is unknown.
    MissingPartError
        If the engine, or the default SoundFont, is not installed.
    """
    from agent.formats import SOUND_FORMATS
    from render import check_engine, soundfont_path

    check_engine(engine)
    if soundfont is not None or any(kind in (*SOUND_FORMATS, "html") for kind in formats):
        soundfont_path(soundfont)
