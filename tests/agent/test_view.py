"""A piece as HTML: complete, without the network, and with no text that could become markup."""

from __future__ import annotations

import base64
import dataclasses
import html.parser
import pathlib
import re
from typing import Any

import pytest

from agent import Agent, Piece
from agent.view import page_html

EVIL = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


class Tags(html.parser.HTMLParser):
    """Every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(piece: Piece) -> str:
    return page_html(piece, piece.sound)


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    read = Tags()
    read.feed(page)
    assert read.open == []
    return read.found


def test_nothing_is_fetched(page: str) -> None:
    found = tags(page)
    assert not {tag for tag, _ in found} & {"script", "link", "iframe", "object", "embed", "base", "form"}
    for tag, attributes in found:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href", "srcset", "data", "poster", "background", "action"):
            assert (attributes.get(name) or "data:").startswith("data:")
    text = re.sub(r"data:[\w/+-]+;base64,[A-Za-z0-9+/=]+", "", page)
    assert not re.search(r"https?:|(src|href)\s*=\s*['\"]?//|url\(|@import", text)


def test_pages_of_the_score_fetch_nothing(piece: Piece) -> None:
    for drawn in piece.svg:
        assert not re.search(r"(?:href|src)=[\"'](?!#)|url\(|@import|<script", drawn)


def test_picture_player_score_and_reasons_are_in_it(page: str, piece: Piece) -> None:
    found = tags(page)
    sources = [attributes["src"] or "" for tag, attributes in found if tag in ("img", "audio")]
    kinds = [source.partition(";")[0] for source in sources]
    assert kinds == ["data:image/jpeg", "data:audio/ogg", *["data:image/svg+xml"] * len(piece.svg)]
    assert base64.b64decode(sources[0].partition(",")[2])[:2] == b"\xff\xd8"
    assert base64.b64decode(sources[2].partition(",")[2]).decode() == piece.svg[0]
    for element in ("genre", "key", "tempo", "meter", "instruments"):
        assert f"<th>{element}</th>" in page
        assert piece.plan.causes[element]
    assert all(hit.exemplar.licence in page for hit in piece.exemplars)


def test_text_never_becomes_markup(piece: Piece) -> None:
    scene = piece.scene.model_copy(
        update={
            "description": EVIL,
            "emotion": piece.scene.emotion.model_copy(update={"words": [EVIL]}),
            "objects": [piece.scene.objects[0].model_copy(update={"name": EVIL[:80]})]
            if piece.scene.objects
            else [],
        }
    )
    causes = {
        name: [one.model_copy(update={"value": EVIL, "effect": EVIL, "source": EVIL}) for one in found]
        for name, found in piece.plan.causes.items()
    }
    parts = [part.model_copy(update={"instrument": EVIL[:60]}) for part in piece.plan.instruments]
    plan = piece.plan.model_copy(
        update={"title": EVIL, "description": EVIL, "genre": EVIL, "causes": causes, "instruments": parts}
    )
    hits = tuple(
        dataclasses.replace(
            hit, exemplar=dataclasses.replace(hit.exemplar, title=EVIL, source=EVIL), why=[EVIL]
        )
        for hit in piece.exemplars
    )
    evil = dataclasses.replace(
        piece, scene=scene, plan=plan, exemplars=hits, abc=piece.abc + "%" + EVIL + "\n"
    )
    page = page_html(evil, piece.sound)
    optional = ("br", "small")  # before a second cause, around a source
    tame = page_html(piece, piece.sound)
    kinds = [[tag for tag, _ in tags(one) if tag not in optional] for one in (page, tame)]
    assert kinds[0] == kinds[1]
    assert "<script" not in page and "&lt;script&gt;" in page


def test_a_picture_with_markup_for_a_name(
    agent_of_run: Agent, picture: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    named = tmp_path / "<script>alert(1)<" / "<b onload=x>&.png"
    named.parent.mkdir()
    named.write_bytes(picture.read_bytes())
    out = tmp_path / "out"
    files = agent_of_run.compose(named, bars=4, tempo=200, meter="4/4").save(out, formats="abc,svg,html,mid")
    assert {path.parent for path in files} == {out}
    page = (out / "report.html").read_text()
    assert "<script" not in page and "<b " not in page
    tags(page)


def test_jupyter_shows_a_page_and_a_terminal_a_line(piece: Piece) -> None:
    bundle: dict[str, Any] = piece._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == str(piece) and "\n" not in str(piece)
    assert piece.plan.title in str(piece) and piece.plan.key in str(piece)
    assert {tag for tag, _ in tags(bundle["text/html"])} >= {"audio", "img", "table"}
    assert "<audio" in piece.sound._repr_mimebundle_()["text/html"]
