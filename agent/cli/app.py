"""The commands put together, and what happens when something goes wrong."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

import chiaroscore
from agent.cli import console
from agent.cli.check import check
from agent.cli.compose import compose
from agent.cli.distill import distill
from agent.cli.doctor import doctor
from agent.cli.evaluate import evaluate
from agent.cli.explain import explain
from agent.cli.render import render
from agent.cli.revise import revise
from agent.cli.store import store

app = typer.Typer(
    name="chiaroscore",
    help="Looks at a picture and writes music for it: an editable score, its sound, and why it sounds so.",
    epilog="Exit codes: 0 done, 1 errors were found in a file, 2 a mistake in what was asked, 130 stopped.",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(compose)
app.command()(revise)
app.command()(explain)
app.command()(check)
app.command()(render)
app.command()(evaluate)
app.add_typer(store, name="store")
app.add_typer(distill, name="distill")
app.command()(doctor)

#: Root of the argument parser's own errors: typer carries its parser inside since 0.26, older ones use click.
_PARSER_ERROR: type[Exception] = [
    kind for kind in typer.BadParameter.__mro__ if kind.__module__.partition(".")[0] in ("click", "typer")
][-1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; see `agent.cli.console` for the codes.

    Parameters
    ----------
    arguments
        Without the program's name; None takes the process's.
    """
    if (
        arguments is None
    ):  # imports make many objects and no garbage: looking for it takes a tenth of the time
        gc.set_threshold(100_000, 50, 50)
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    verbose = console.flag(given, "--verbose", "-v")
    with _quiet(verbose):
        try:
            return _run(given)
        except BrokenPipeError:  # the reader of our output has gone, as with `| head`
            _let_go_of_stdout()
            return console.FOUND
        except (KeyboardInterrupt, typer.Abort):
            return _stopped()
        except Exception as error:
            _trace(verbose)
            return _failed(error, as_json=console.flag(given, "--json"))


@app.callback()
def _about(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True)
    ] = False,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Take the options that stand before a command."""


def _run(given: list[str]) -> int:
    if console.flag(given[:2], "--version"):
        if console.flag(given, "--json"):
            console.emit({"chiaroscore": chiaroscore.__version__})
        else:
            console.show(f"chiaroscore {chiaroscore.__version__}")
        return console.OK
    code: Any = app(args=given, prog_name="chiaroscore", standalone_mode=False)
    sys.stdout.flush()
    if code == console.STOPPED:  # how newer parsers tell of Ctrl-C
        return _stopped()
    return code if isinstance(code, int) else console.OK


def _stopped() -> int:
    console.say("stopped")
    return console.STOPPED


def _failed(error: Exception, *, as_json: bool) -> int:
    """Report an error and return its exit code."""
    if isinstance(error, _PARSER_ERROR):
        command = getattr(getattr(error, "ctx", None), "command_path", "chiaroscore")
        usage = chiaroscore.ControlError(f"{console.message(error).rstrip('.')}; see {command} --help")
        console.fail(usage, as_json=as_json)
        return console.MISTAKE
    if isinstance(error, chiaroscore.ChiaroscoreError):
        console.fail(error, as_json=as_json)
        return console.MISTAKE
    console.fail(error, as_json=as_json)
    console.say(
        f"this is a fault in chiaroscore ({type(error).__name__}); run again with -v and report what it shows"
    )
    return console.BUG


def _trace(verbose: bool) -> None:
    if verbose:
        import traceback

        traceback.print_exc()


@contextlib.contextmanager
def _quiet(verbose: bool) -> Iterator[None]:
    """Keep the warnings of libraries off the terminal, unless they are asked for."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # titles in a terminal that knows few letters
    with warnings.catch_warnings():
        if verbose:
            import logging

            logging.basicConfig(level=logging.INFO, stream=sys.stderr)
        else:
            warnings.simplefilter("ignore")
        yield


def _let_go_of_stdout() -> None:
    """Point standard output at nothing, so that the interpreter's last flush does not complain."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
