"""``chiaroscore explain``: a saved piece, or a picture, in; a page that says why it sounds so, out."""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import console
from agent.cli.minds import MapperPath, MindName, Vlm, mind_of
from agent.vlm.choose import EXAMPLES, Spec, opened, spec_of
from chiaroscore import ControlError, InputError, check_writable, write_text

if TYPE_CHECKING:
    from agent.cli.minds import Mind
    from agent.piece import Piece
    from agent.vlm.protocol import Backend
    from explain import Explanation

#: Where the page goes if no other file is named.
PAGE = "explanation.html"
#: Ways to ask a model -> the kind of model that can be asked so.
METHODS = {
    "attention": "transformers", "rollout": "transformers", "gradient": "transformers", "occlusion": "openai",
}  # fmt: skip


def explain(
    what: Annotated[
        str, typer.Argument(metavar="FOLDER|PICTURE", help="A saved piece, or a picture to compose for.")
    ],
    output: Annotated[
        pathlib.Path | None,
        typer.Option("--output", "-o", metavar="FILE", help=f"Page to write; {PAGE} but with --json."),
    ] = None,
    picture: Annotated[
        str | None,
        typer.Option("--picture", metavar="FILE", help="The picture of a saved piece: maps lie over it."),
    ] = None,
    mind_name: MindName = None,
    mapper: MapperPath = None,
    vlm: Vlm = None,
    reader: Annotated[
        str | None,
        typer.Option(
            "--reader",
            metavar="SPEC",
            help=f"Model that reads the piece again, {EXAMPLES['transformers']}, or a server that is asked "
            f"again, {EXAMPLES['openai']}. By default the local model of --vlm.",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            metavar="NAME",
            help="How the reader is asked: attention, rollout or gradient of a local model, occlusion of a "
            "server.",
        ),
    ] = None,
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough", help="Longer checks of the maps; with a local reader a map for each note."
        ),
    ] = False,
    seed: Annotated[
        str | None, typer.Option("--seed", metavar="N", help="Of the piece for a PICTURE.")
    ] = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Say why a piece sounds as it does: where in the picture, through which decision, in which bars.

    The page is one file that needs no network. For a piece with requests of your own, compose it first and
    give its FOLDER, with its --picture.
    """
    asked = {"--vlm": vlm, "--mind": mind_name, "--mapper": mapper, "--seed": seed, "--picture": picture}
    folder = _is_folder(what, asked)
    mind = None if folder else mind_of(vlm, None, None, {}, mind=mind_name, mapper=mapper)
    looks = _reader(reader)
    seat = mind.spec if mind else None
    _check_method(method, looks or seat)
    page = pathlib.Path(PAGE) if output is None and not as_json else output
    if page is not None:
        _check_page(page)
    with contextlib.ExitStack() as held:
        eye = _held(held, looks)
        if mind is None:
            piece = _saved(what, picture)
        else:
            composing = held.enter_context(mind.opened())
            piece = _composed(what, seed, mind, composing)
            eye = eye or (composing if _reads_itself(seat, method) else None)
        found = _explained(piece, eye, method, thorough=thorough, sound=page is not None)
    if page is not None:
        write_text(page, found.to_html())
    _report(found, page, as_json=as_json)


def _is_folder(what: str, asked: dict[str, str | None]) -> bool:
    """Whether it is a saved piece; raises `ControlError` for an option of the other kind."""
    folder = os.path.isdir(what)
    wrong = ("--vlm", "--mind", "--mapper", "--seed") if folder else ("--picture",)
    named = [name for name in wrong if asked[name] is not None]
    if named:
        kind = "a picture that is to be composed for" if folder else "the folder of a saved piece"
        advice = "; a model that reads a saved piece again is named by --reader" if "--vlm" in named else ""
        raise ControlError(f"{' and '.join(named)}: this is for {kind}, not for {what[:80]!r}{advice}")
    return folder


def _reader(reader: str | None) -> Spec | None:
    """Return the model that reads again; raises `ControlError` for a kind that cannot read."""
    if reader is None:
        return None
    try:
        spec = spec_of(reader)
    except ControlError as error:
        raise ControlError(str(error).replace("vlm=", "--reader ", 1)) from None
    if spec is not None and spec.kind not in METHODS.values():
        raise ControlError(
            f"--reader {str(spec)!r} can be neither looked into nor asked; "
            f"give {EXAMPLES['transformers']} or {EXAMPLES['openai']}"
        )
    return spec


def _check_method(method: str | None, model: Spec | None) -> None:
    """Refuse a method that is unknown, or that the model cannot be asked by."""
    if method is None:
        return
    if method not in METHODS:
        raise ControlError(f"--method {method[:40]!r} is unknown; choose {', '.join(METHODS)}")
    kind = METHODS[method]
    if model is None or model.kind != kind:
        place = "local model" if kind == "transformers" else "server"
        said = "none was chosen" if model is None else f"{model} is none"
        raise ControlError(f"--method {method} asks a {place} and {said}; add --reader {EXAMPLES[kind]}")


def _reads_itself(spec: Spec | None, method: str | None) -> bool:
    """Whether the model that composed reads its piece again: a server only if that was asked for."""
    return spec is not None and spec.kind == ("transformers" if method is None else METHODS[method])


def _check_page(page: pathlib.Path) -> None:
    if page.is_dir():
        raise InputError(f"cannot write {str(page)!r}: it is a folder; name a file, such as {page / PAGE}")
    check_writable(page.parent)


def _held(held: contextlib.ExitStack, spec: Spec | None) -> Backend | None:
    """Return what runs a model, closed with the rest."""
    if spec is None:
        return None
    backend = opened(spec)
    held.callback(backend.close)
    return backend


def _saved(folder: str, picture: str | None) -> Piece:
    from agent.editing.saved import load_piece

    piece = load_piece(folder, picture=picture)
    if picture is None:
        console.say(f"note: {folder} holds no picture, so there are no maps; name it with --picture FILE")
    return piece


def _composed(picture: str, seed: str | None, mind: Mind, backend: Backend | None) -> Piece:
    """Compose a piece for a picture; its steps are shown as by ``compose``."""
    from agent.cli.progress import Progress
    from agent.controls import Controls
    from agent.picture import open_picture
    from rag_store import Store, store_state

    asked: dict[str, Any] = {"seed": seed}
    number = Controls.parse(**asked).seed or 0
    open_picture(picture)
    with Progress(model=backend is not None) as progress:
        store = None if store_state().ready else Store.open(progress=progress.building)
        step = progress.step(picture)
        return mind.agent(store, backend).compose(picture, seed=number, on_step=step)


def _explained(
    piece: Piece, reader: Backend | None, method: str | None, *, thorough: bool, sound: bool
) -> Explanation:
    from agent.explaining.build import explain as build

    return build(piece, reader=reader, method=method, thorough=thorough, sound=sound)


def _report(found: Explanation, page: pathlib.Path | None, *, as_json: bool) -> None:
    """Print the result: a document, or a summary for people."""
    from agent.cli.reasons import as_record, lines

    if as_json:
        console.emit({**as_record(found), "file": page})
        return
    for line in lines(found):
        console.show(line)
    for remark in found.remarks:
        console.show(f"  note: {remark}")
    if page is not None:
        console.show(f"  {page}")
