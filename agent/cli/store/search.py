"""``chiaroscore store search``: exemplars by a description, music, a picture, and attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import console
from agent.cli.store.asking import query_of
from agent.cli.store.place import Place, opened

if TYPE_CHECKING:
    from rag_store import Hit

_LIST, _RANGE = "A,B", "LOW..HIGH"


def _asks(name: str, metavar: str, text: str) -> Any:
    return typer.Option(f"--{name}", metavar=metavar, help=text)


def search(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What the music is like: 'slow sad waltz in minor'.")
    ] = "",
    image: Annotated[str | None, _asks("image", "PICTURE", "Music for what is seen in it.")] = None,
    abc: Annotated[str | None, _asks("abc", "FILE", "Music like this; - reads standard input.")] = None,
    genre: Annotated[str | None, _asks("genre", _LIST, "One of these genres.")] = None,
    mood: Annotated[str | None, _asks("mood", _LIST, "One of these moods.")] = None,
    meter: Annotated[str | None, _asks("meter", _LIST, "3/4, 6/8 ...")] = None,
    mode: Annotated[str | None, _asks("mode", _LIST, "major, minor, dorian ...")] = None,
    tonic: Annotated[str | None, _asks("tonic", _LIST, "D, Bb, F# ...")] = None,
    tempo_class: Annotated[
        str | None, _asks("tempo-class", _LIST, "slow, moderate, fast, very fast.")
    ] = None,
    source: Annotated[str | None, _asks("source", _LIST, "Names of sources, or parts of them.")] = None,
    instruments: Annotated[str | None, _asks("instruments", _LIST, "Any of these plays.")] = None,
    all_instruments: Annotated[str | None, _asks("all-instruments", _LIST, "All of these play.")] = None,
    tempo: Annotated[str | None, _asks("tempo", _RANGE, "Quarter notes a minute: 60..90, ..90, 60..")] = None,
    density: Annotated[str | None, _asks("density", _RANGE, "Notes a quarter note.")] = None,
    bars: Annotated[str | None, _asks("bars", _RANGE, "Length.")] = None,
    voices: Annotated[str | None, _asks("voices", _RANGE, "Number of voices.")] = None,
    valence: Annotated[str | None, _asks("valence", _RANGE, "From sad (-1) to happy (1).")] = None,
    arousal: Annotated[str | None, _asks("arousal", _RANGE, "From calm (-1) to excited (1).")] = None,
    year: Annotated[str | None, _asks("year", _RANGE, "Of composition or publication.")] = None,
    allow: Annotated[
        str | None,
        _asks(
            "allow",
            _LIST,
            "Licences: cc0, pd, cc-by, a whole name, all. By default known ones that are free.",
        ),
    ] = None,
    prefer: Annotated[
        list[str] | None,
        _asks("prefer", "NAME=VALUE", "A wish, not a condition: genre=waltz, tempo=90; repeat it."),
    ] = None,
    tracks: Annotated[
        str | None, _asks("tracks", _LIST, "broad (by likeness), targeted (by attributes); by default both.")
    ] = None,
    diversity: Annotated[str | None, _asks("diversity", "0..1", "How unlike each other; 0.25.")] = None,
    count: Annotated[str, typer.Option("--count", "-k", metavar="N", help="How many, 1 to 100.")] = "5",
    budget: Annotated[
        str | None, _asks("budget", "TOKENS", "What the music of all results may take together.")
    ] = None,
    prompt: Annotated[
        bool, typer.Option("--prompt", help="Print the music, cut and cleaned for a prompt.")
    ] = False,
    place: Place = None,
    as_json: console.AsJson = False,
    verbose: console.Verbose = False,
) -> None:
    """Find exemplars by a description, a picture, a snippet of music, and attributes.

    Conditions (--genre and the others) must be met. Wishes (--prefer, and attributes that the text names)
    decide the order. Every result says why it was chosen.
    """
    conditions = {
        "genre": genre, "mood": mood, "meter": meter, "mode": mode, "tonic": tonic,
        "tempo_class": tempo_class, "source": source, "instruments": instruments,
        "all_instruments": all_instruments, "tempo": tempo, "density": density, "bars": bars,
        "voices": voices, "valence": valence, "arousal": arousal, "year": year, "allow": allow,
    }  # fmt: skip
    how = {"count": count, "budget": budget, "tracks": tracks, "diversity": diversity}
    hits, looked = _found(text, image, abc, conditions, prefer or [], how, place)
    if as_json:
        console.emit(
            {"hits": [_record(hit, prompt=prompt) for hit in hits]} | ({"seen": looked} if looked else {})
        )
    elif prompt:
        console.show("\n".join(_ready(hit)["abc"] for hit in hits))
    else:
        _show(hits, looked)


def _found(
    text: str,
    image: str | None,
    abc: str | None,
    conditions: dict[str, str | None],
    prefer: Sequence[str],
    how: dict[str, str | None],
    place: str | None,
) -> tuple[list[Hit], dict[str, Any] | None]:
    """Return the results, and what was seen in the picture, if there was one."""
    from dataclasses import replace

    from agent.cli.progress import Progress

    query, looked = query_of(text, conditions, prefer, how), None
    if abc is not None:
        from agent.cli.check import read_abc

        query = replace(query, abc=read_abc(abc))
    with Progress() as progress:
        if image is not None:
            from agent.cli.store.picture import seen, with_picture

            progress.working("looking", 0, 0)
            found = seen(image)
            query, looked = with_picture(query, found), found.record()
        with opened(place, progress) as store:
            return store.find(query), looked


def _record(hit: Hit, *, prompt: bool) -> dict[str, Any]:
    ready = {"prompt": _ready(hit)} if prompt else {}
    return {"score": hit.score, "why": hit.why, **asdict(hit.exemplar), **ready}


def _ready(hit: Hit) -> dict[str, Any]:
    from rag_store.searching import prompt_ready

    return asdict(prompt_ready(hit.exemplar.abc))


def _show(hits: Sequence[Hit], looked: dict[str, Any] | None) -> None:
    if looked:
        console.show(f"seen: {looked['text']}")
    if not hits:
        console.say("no exemplar meets all conditions; leave one out, or allow more licences (--allow)")
        return
    rows = [
        [
            f"{hit.score:.3f}",
            e.id,
            e.title,
            f"{e.genre}, {e.mood}",
            f"{e.tonic} {e.mode}, {e.meter}, {e.tempo:g} qpm",
            e.licence,
            "; ".join(hit.why),
        ]
        for hit in hits
        for e in [hit.exemplar]
    ]
    console.table(["score", "id", "title", "genre, mood", "key, meter, tempo", "licence", "why"], rows)
