"""The notebooks run from a fresh clone, warn of nothing, show what they promise, load nothing from afar."""

from __future__ import annotations

import functools
import pathlib
import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))
#: Seconds that a cell may take on a busy machine.
PATIENCE = 180

Outputs = dict[str, list[Any]]


def read(name: str) -> Any:
    return nbformat.read(EXAMPLES / name, as_version=4)


def test_the_three_notebooks_are_there() -> None:
    assert NAMES == ["01_first_piece.ipynb", "02_why_it_sounds_so.ipynb", "03_compare_two_pictures.ipynb"]


@pytest.mark.parametrize("name", NAMES)
def test_committed_without_outputs(name: str) -> None:
    book = read(name)
    nbformat.validate(book)
    assert sorted(book.metadata) == ["kernelspec", "language_info"]
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert 3 <= len(code) <= 8
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert len({cell.id for cell in book.cells}) == len(book.cells)
    assert all(re.fullmatch(r"[a-z-]+", cell.id) for cell in book.cells)  # given by people: they stay


@pytest.mark.parametrize("name", NAMES)
def test_their_links_lead_somewhere(name: str) -> None:
    prose = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)]+)\)", prose):
        assert (EXAMPLES / target).is_file(), target


@pytest.fixture(scope="module")
def executed(
    built_store: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Outputs]]:
    """Run a notebook, once, beside the pictures; the outputs of each cell by its id."""
    place = tmp_path_factory.mktemp("examples")
    shutil.copytree(EXAMPLES / "images", place / "images")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(variable, str(tmp_path_factory.mktemp(variable.lower())))
        yield functools.cache(functools.partial(run, place))


def run(place: pathlib.Path, name: str) -> Outputs:
    """Run a notebook as Jupyter would in a folder; a cell that fails fails the test."""
    book = read(name)
    NotebookClient(book, timeout=PATIENCE, resources={"metadata": {"path": str(place)}}).execute()
    return {cell.id: cell.outputs for cell in book.cells if cell.cell_type == "code"}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_runs_and_warns_of_nothing(name: str, executed: Callable[[str], Outputs]) -> None:
    found = executed(name)
    assert all(found.values()), "every cell shows something"
    said = [one.text for outputs in found.values() for one in outputs if one.get("name") == "stderr"]
    assert said == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_loaded_from_outside(name: str, executed: Callable[[str], Outputs]) -> None:
    for outputs in executed(name).values():
        for one in outputs:
            data = one.get("data", {})
            for kind in ("text/html", "image/svg+xml"):
                assert loaded(data.get(kind, "")) == []


@pytest.mark.slow
def test_each_shows_what_it_promises(executed: Callable[[str], Outputs]) -> None:
    first, why, compared = map(executed, NAMES)
    assert {"image/svg+xml", "text/html"} <= kinds(first["score"])  # the page and the player
    assert {"text/plain", "image/png", "text/html"} <= kinds(why["explain"])
    assert "image/png" in kinds(why["maps"]) and "image/png" in kinds(why["trust"])
    assert "image/png" in kinds(compared["where"])
    [table] = compared["table"]
    rows = table.data["text/markdown"].splitlines()
    assert len(rows) > 10 and {row.count("|") for row in rows} == {4}


@pytest.mark.slow
def test_the_way_back_from_a_bar_reaches_the_picture(executed: Callable[[str], Outputs]) -> None:
    said = "".join(one.text for one in executed("02_why_it_sounds_so.ipynb")["chain"])
    assert "<- section." in said and "<- plan." in said and "<- scene." in said


def kinds(outputs: list[Any]) -> set[str]:
    return {kind for one in outputs for kind in one.get("data", {})}


class _Loads(HTMLParser):
    """Collects addresses that a page would load: everything but links that a reader may follow."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style = tag == "style"
        for name, value in attrs:
            text = value or ""
            if name == "srcdoc":
                self.found += loaded(text)
            elif name == "style":
                self.found += _styled(text)
            elif name in ("src", "srcset", "href", "xlink:href", "data", "action", "poster") and tag != "a":
                self.found += [text] if re.match(r"\s*(https?:)?//", text, re.IGNORECASE) else []

    def handle_data(self, data: str) -> None:
        self.found += _styled(data) if self._style else []


def _styled(text: str) -> list[str]:
    return re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^\s\"')]*", text)


def loaded(page: str) -> list[str]:
    """Return what a page would load from elsewhere."""
    parser = _Loads()
    parser.feed(page)
    return parser.found


def test_what_is_loaded_from_outside_is_found() -> None:
    inner = '&lt;script src="https://a/b.js">&lt;/script>'
    assert loaded(f"<iframe srcdoc='{inner}'></iframe>") == ["https://a/b.js"]
    assert loaded("<style>a{background:url(//c/d.png)}</style>") == ["url(//c/d.png"]
    assert loaded('<a href="https://a">a</a><img src="data:image/png;base64,x"><svg xmlns="http://w"/>') == []
