"""``chiaroscore render``: an ABC file as MIDI, MusicXML, pages and sound."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import console
from agent.cli.check import problems, read_abc
from agent.cli.requests import Engine, Output, SoundFont, check_output, check_sound
from agent.formats import SOUND_FORMATS, check_formats, file_stem, page_names
from chiaroscore import NotationError, replace_folder

if TYPE_CHECKING:
    from notation import Tune

_KNOWN = ("mid", "musicxml", "svg", *SOUND_FORMATS)
_USUAL = "mid,musicxml,svg,wav"
#: Samples a second of the sound.
_RATE = 44_100


def render(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An ABC file with one tune; - reads standard input.")
    ],
    output: Output,
    formats: Annotated[
        str, typer.Option("--formats", metavar="LIST", help=f"Of {','.join(_KNOWN)}.")
    ] = _USUAL,
    soundfont: SoundFont = None,
    engine: Engine = "auto",
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Turn an ABC file into MIDI, MusicXML, engraved pages and sound."""
    wanted = check_formats(formats, _KNOWN)
    abc = read_abc(file)
    check_output(output)
    check_sound(wanted, soundfont, engine)
    found = problems(abc)
    errors = [one for one in found if one["severity"] == "error"]
    if errors:
        console.say(f"warning: {file}: {len(errors)} errors in the score; see: chiaroscore check {file}")
    name = file_stem(file, "tune")
    written = replace_folder(output, _contents(abc, name, wanted, soundfont, engine))
    if as_json:
        console.emit({"file": file, "files": written, "problems": found})
    else:
        for path in written:
            console.show(str(path))


def _contents(
    abc: str, name: str, formats: tuple[str, ...], soundfont: pathlib.Path | None, engine: str
) -> dict[str, bytes]:
    """Return the files of a score, name to content.

    Raises
    ------
    NotationError
        If the text is not ABC, or has nothing that sounds.
    """
    from notation import parse
    from render import encode_audio, midi, synthesise

    tune = parse(abc)
    if not any(voice.notes for voice in tune.voices):
        raise NotationError(f"the tune {tune.title[:60]!r} has no note; there is nothing to render")
    files: dict[str, bytes] = {}
    played = midi(tune)
    samples = None
    for kind in formats:
        if kind == "mid":
            files[f"{name}.mid"] = played
        elif kind in SOUND_FORMATS:
            if samples is None:
                samples = synthesise(played, soundfont=soundfont, engine=engine, rate=_RATE)
            files[f"{name}.{kind}"] = encode_audio(samples, _RATE, f".{kind}")
        else:
            files |= _drawn(tune, name, kind)
    return files


def _drawn(tune: Tune, name: str, kind: str) -> dict[str, bytes]:
    """Return MusicXML, or the pages drawn from it."""
    from render import musicxml, svg

    xml = musicxml(tune)
    if kind == "musicxml":
        return {f"{name}.musicxml": xml.encode()}
    pages = svg(xml)
    return {
        page_name: page.encode() for page_name, page in zip(page_names(name, len(pages)), pages, strict=True)
    }
