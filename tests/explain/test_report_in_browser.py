"""The report in headless Chromium: what a reader points at, presses and hears."""

from __future__ import annotations

import pathlib
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from html import escape

import pytest
from browser import Page, browsing, chromium
from shown import ABC, SCRIPT, explanation, recording

from explain import NOT_PROOF
from explain.report import page

pytestmark = pytest.mark.timeout(240)
READY = "document.querySelectorAll('.score .bar').length === 4"
PIXELS = (
    "(() => {{ const canvas = document.querySelector('aside canvas');"
    "const data = canvas.getContext('2d').getImageData(0, canvas.height / 2, canvas.width, 1).data;"
    "return [...data].filter((_, index) => index % 4 === {band}); }})()"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("report")
    (path / "sounding.html").write_text(page(explanation(recording())), "utf-8")
    (path / "silent.html").write_text(page(explanation()), "utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def report(browser: Page, folder: pathlib.Path) -> Page:
    """The report with a recording, freshly opened."""
    browser.size(1280, 900)
    browser.open(folder / "sounding.html", READY)
    return browser


def alpha(report: Page) -> list[int]:
    """Return how dense the map is along the middle of the picture, 0 to 255."""
    return list(report.run(PIXELS.format(band=3)))


def test_no_request_leaves_the_page_and_the_console_is_clean(browser: Page, folder: pathlib.Path) -> None:
    browser.open(folder / "sounding.html", READY)
    browser.click(".play")
    browser.until("document.querySelector('.place').textContent.includes('bar 2')")
    assert browser.requests() == [(folder / "sounding.html").as_uri()]
    assert browser.complaints() == []


def test_policy_refuses_what_the_page_does_not_hold(report: Page) -> None:
    """The network is there to be asked: a server on this machine counts, and nobody comes."""
    came: list[bytes] = []

    class Counting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            came.append(self.request.recv(100))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Counting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/x"
        refused = report.run(f"fetch('{address}').then(() => 'fetched', () => 'refused')")
        report.run(
            "new Promise(done => { const image = new Image(); image.onerror = () => done(1);"
            f"image.src = '{address}'; }})"
        )
        report.run(
            "document.body.insertAdjacentHTML('beforeend',"
            '\'<img src="data:," onerror="window.stolen = 1">\')'
        )
        report.run("new Promise(done => setTimeout(done, 200))")
        assert report.run("typeof window.stolen") == "undefined"
        server.shutdown()
    assert refused == "refused"
    assert came == []


def test_markup_is_shown_as_text(report: Page) -> None:
    assert report.run("document.title").startswith("Small Hours <script>")
    assert report.run("document.querySelectorAll('script').length") == 3
    for place in ("h1", ".steps", ".because", "main"):
        assert SCRIPT in report.run(f"document.querySelector('{place}').textContent"), place
    assert report.run("document.querySelector('.score b')") is None


def test_pointing_changes_the_map_what_is_told_and_what_lights_up(report: Page) -> None:
    assert set(alpha(report)) == {0}
    report.point(".chip[data-id='scene.emotion.arousal']")
    row = alpha(report)
    assert row[0] < 10
    assert row[-1] > 180
    assert row == sorted(row)  # the map rises from left to right
    told = report.run("document.querySelector('.card').textContent")
    assert "arousal" in told
    assert "It points at what counts." in told
    assert "bars 1–4" in told
    assert NOT_PROOF in told
    lit = set(report.run("[...document.querySelectorAll('.effect')].map(node => node.dataset.id)"))
    assert sorted(lit) == [
        "bar.1", "bar.2", "bar.3", "bar.4", "plan.tempo", "section.0", "section.1",
    ]  # fmt: skip
    report.point(".bar[data-id='bar.4']")  # no element of its own: its section's map falls
    row = alpha(report)
    assert row == sorted(row, reverse=True)
    assert row[0] > 180
    causes = report.run("[...document.querySelectorAll('.chip.cause')].map(node => node.dataset.id)")
    assert {"scene.emotion.arousal", "plan.tempo", "section.1", "request.tempo"} <= set(causes)
    assert "section.0" not in causes
    report.point("h1")
    assert set(alpha(report)) == {0}


def test_signed_map_has_two_colours_and_two_ends(report: Page) -> None:
    report.point(".chip[data-id='scene.objects.0']")
    red, blue = report.run(PIXELS.format(band=0)), report.run(PIXELS.format(band=2))
    assert (red[0], blue[0]) == pytest.approx((84, 136), abs=2)  # alpha is applied and taken off again
    assert (red[-1], blue[-1]) == pytest.approx((230, 1), abs=2)
    row = alpha(report)
    assert min(row[0], row[-1]) > 180
    assert row[len(row) // 2] < 30
    assert "speaks against" in report.run("document.querySelector('aside .legend').textContent")


def test_words_notes_and_what_has_no_map(report: Page) -> None:
    report.point(".steps .word[data-id='scene.objects.0']")
    assert report.run("document.querySelector('.card h2').textContent").startswith("moon")
    report.run(
        "document.querySelector('.score [data-id=\"note.M.2\"]')"
        ".dispatchEvent(new PointerEvent('pointerover', {bubbles: true}))"
    )
    assert "note 2 of the flute" in report.run("document.querySelector('.card').textContent")
    report.point(".chip[data-id='scene.dynamic.symmetry']")
    assert "symmetry has no place" in report.run("document.querySelector('.card').textContent")
    assert set(alpha(report)) == {0}


def test_a_pressed_decision_stays_until_escape(report: Page) -> None:
    report.click(".chip[data-id='plan.tempo']")
    report.point("h1")
    assert report.run("document.querySelector('.card h2').textContent").startswith("tempo")
    assert (
        report.run("document.querySelector('.chip[data-id=\"plan.tempo\"]').getAttribute('aria-pressed')")
        == "true"
    )
    report.press("Escape")
    assert "Point at anything" in report.run("document.querySelector('.card').textContent")


@pytest.mark.parametrize("name", ["sounding", "silent"])
def test_playing_moves_the_cursor_over_the_bars_and_through_the_repeat(
    browser: Page, folder: pathlib.Path, name: str
) -> None:
    browser.open(folder / f"{name}.html", READY)
    assert ("scillators play" in browser.run("document.querySelector('.sounding').textContent")) == (
        name == "silent"
    )
    browser.click(".play")
    browser.run(
        "window.seen = []; window.follow = setInterval(() => {"
        "const now = document.querySelector('.bar.now');"
        "const id = now ? now.dataset.id : ''; if (id && seen[seen.length - 1] !== id) seen.push(id); }, 20)"
    )
    browser.until("document.querySelector('.bar.now')?.dataset.id === 'bar.1'")
    first = float(browser.run("document.querySelector('.cursor').getAttribute('x1')"))
    browser.until(f"+document.querySelector('.cursor').getAttribute('x1') > {first} + 5")
    browser.until("seen.includes('bar.3')")
    assert browser.run("seen.slice(0, 5)") == ["bar.1", "bar.2", "bar.1", "bar.2", "bar.3"]
    assert browser.run("document.querySelector('.play').textContent") == "Pause"
    browser.until("document.querySelector('.play').textContent === 'Play'")  # it ends by itself
    assert browser.complaints() == []


def test_a_recording_that_the_browser_cannot_play_gives_way_to_oscillators(
    browser: Page, folder: pathlib.Path
) -> None:
    (folder / "broken.html").write_text(page(explanation(b"OggS is not enough")), "utf-8")
    browser.open(folder / "broken.html", READY)
    browser.until("document.querySelector('.sounding').textContent.includes('scillators')")
    browser.click(".play")
    browser.until("document.querySelector('.bar.now')?.dataset.id === 'bar.2'")


def test_everything_works_with_the_keyboard(report: Page) -> None:
    report.run("document.querySelector('.bar').focus()")
    assert report.run("document.querySelectorAll('.bar[tabindex=\"0\"]').length") == 1
    for key, number in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("ArrowRight", 3)):
        report.press(key)
        assert report.run("document.activeElement.dataset.id") == f"bar.{number}"
    assert "bar 3" in report.run("document.querySelector('[aria-live]').textContent")
    assert max(alpha(report)) > 180
    report.press("Enter")
    report.until("document.querySelector('.bar.now')?.dataset.id === 'bar.3'")
    report.press(" ")
    report.until("document.querySelector('.play').textContent === 'Play'")
    report.press("Tab")
    assert not report.run("document.activeElement.matches('.bar')")  # one stop for all bars
    names = report.run(
        "[...document.querySelectorAll('button, input, [role=button]')]"
        ".map(node => (node.getAttribute('aria-label') || node.textContent).trim())"
    )
    assert names
    assert all(names)
    assert report.run("[...document.images].every(image => image.alt)")


def test_clicking_a_bar_plays_from_there(report: Page) -> None:
    report.click(".bar[data-id='bar.4']")
    report.until("document.querySelector('.bar.now')?.dataset.id === 'bar.4'")
    report.until("document.querySelector('.place').textContent.startsWith('0:03')")


def test_voices_that_rest_for_a_bar_stay_in_line(browser: Page, folder: pathlib.Path) -> None:
    abc = ABC.replace("M:4/4", "M:3/4").replace("D,8 | A,,8 :| G,,8 | D,8 |]", "Z | Z :| Z | Z |]")
    abc = (
        abc.replace("a4 |", "a2 |")
        .replace('"A"e8', '"A"e6')
        .replace("b4 |", "b2 |")
        .replace('"D"d8', '"D"d6')
    )
    (folder / "resting.html").write_text(page(explanation(abc=abc)), "utf-8")
    browser.open(folder / "resting.html", READY)
    lines = "[...document.querySelectorAll('.score .abcjs-bar.abcjs-v%d')].map(line => line.getBBox().x)"
    upper, lower = browser.run(lines % 0), browser.run(lines % 1)
    assert len(upper) == 4
    assert lower == pytest.approx(upper, abs=1)


def test_works_in_a_frame_without_rights(browser: Page, folder: pathlib.Path) -> None:
    source = escape(page(explanation(recording())), quote=True)
    path = folder / "framed.html"
    path.write_text(
        f'<!doctype html><iframe sandbox="allow-scripts" srcdoc="{source}" '
        'style="width:900px;height:800px"></iframe>',
        "utf-8",
    )
    browser.open(path)
    frames = browser.call("Page.getFrameTree")["frameTree"]["childFrames"]
    world = browser.call("Page.createIsolatedWorld", frameId=frames[0]["frame"]["id"])["executionContextId"]
    done = browser.call("Runtime.evaluate", expression=READY, contextId=world, returnByValue=True)
    assert done["result"]["value"] is True
    assert browser.complaints() == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (400, "light")])
def test_fits_the_window_and_is_readable(report: Page, width: int, scheme: str) -> None:
    report.size(width, 800)
    report.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
    assert report.run("document.documentElement.scrollWidth") <= width
    ink, paper = report.run(
        "['color', 'backgroundColor'].map(name =>"
        "getComputedStyle(document.body)[name].match(/\\d+/g).map(Number))"
    )
    assert abs(luminance(ink) - luminance(paper)) > 0.7
    report.prefer(prefers_color_scheme="light", prefers_reduced_motion="no-preference")


def luminance(colour: list[int]) -> float:
    """Return the relative luminance of an sRGB colour (WCAG 2.2, 0 to 1), gamma taken as 2.2."""
    return sum(
        part * (band / 255) ** 2.2 for part, band in zip((0.2126, 0.7152, 0.0722), colour, strict=False)
    )


def test_paper_has_still_maps_and_no_player(report: Page) -> None:
    report.call("Emulation.setEmulatedMedia", media="print")
    assert report.run("getComputedStyle(document.querySelector('aside')).display") == "none"
    assert report.run("getComputedStyle(document.querySelector('.printed')).display") == "grid"
    assert report.run("document.querySelectorAll('.printed figure').length") == 3
    assert NOT_PROOF in report.run("document.querySelector('.printed').textContent")
    report.call("Emulation.setEmulatedMedia", media="")


def test_poor_explanations_are_shown_too(browser: Page, folder: pathlib.Path) -> None:
    full = explanation()
    poor = {
        "no-picture": replace(full, picture=None),
        "no-bars": replace(full, bars=()),
        "nothing": replace(
            full, picture=None, elements=(), links=(), bars=(), steps=(), snippets=(), history=(), obeyed=()
        ),
        "no-score": replace(full, abc="", bars=()),
        "prose": replace(full, abc=f"I am sorry. {SCRIPT}", bars=()),
        "attack": explanation(
            abc=ABC.replace('"A"e8', '"A<img src=x onerror=alert(1)>"e8').replace("Flute", "<b>Flute")
        ),
    }
    for name, one in poor.items():
        path = folder / f"{name}.html"
        path.write_text(page(one), "utf-8")
        browser.open(path, "document.querySelector('.columns')")
        assert browser.complaints() == [], name
        assert browser.run("document.querySelectorAll('main .part').length") >= 1, name
    browser.open(folder / "nothing.html", "document.querySelector('.columns')")
    assert "not here" in browser.run("document.querySelector('.frame').textContent")


def test_without_a_browser_continuous_integration_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        chromium()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception):
        chromium()
