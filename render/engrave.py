"""Engraved pages as SVG, drawn by verovio from MusicXML.

verovio's own ABC reader is never used: on ordinary tunes it ends the process.
"""

from __future__ import annotations

import re
import threading
import xml.etree.ElementTree as ElementTree
import zlib
from importlib import resources
from typing import Any

from chiaroscore import ControlError, RenderError
from notation import Tune
from render.exchange import musicxml

#: A4 in tenths of a millimetre.
A4_WIDTH, A4_HEIGHT = 2100, 2970
#: Limits of a page side: what a bar of music needs at least, and what verovio takes at most.
SIDES = (500, 60000)
#: MusicXML of the longest tune that notation reads stays well below this.
MAX_XML = 40_000_000
#: Signs that verovio sets in its music font inside text, by their SMuFL code, as characters of text fonts.
_SIGNS = {
    "\uea64": "\N{MUSIC FLAT SIGN}",
    "\uea65": "\N{MUSIC NATURAL SIGN}",
    "\uea66": "\N{MUSIC SHARP SIGN}",
    "\ueca5": "\N{NO-BREAK SPACE}\N{QUARTER NOTE}",  # the space parts it from the word of a tempo
    "\ueca7": "\N{NO-BREAK SPACE}\N{EIGHTH NOTE}",
    "\uecb7": ".",
}
_SIGN = re.compile(f'<tspan font-family="Leipzig" font-size="(\\d+)px">([{"".join(_SIGNS)} ]+)</tspan>')
_FONT = re.compile(r"\s*<style[^>]*>@font-face \{.*?</style>", re.DOTALL)
_ROOT = re.compile(r'<svg width="(\d+)px" height="(\d+)px"')
_TITLE = re.compile(r'(class="pgHead">.*?<tspan font-size=")\d+px(">)', re.DOTALL)
_TITLE_SIZE = 650
_TEXT_FONTS = "Times, 'Times New Roman', 'Liberation Serif', Tinos, serif"
_lock = threading.Lock()


def svg(
    score: Tune | str,
    *,
    page_width: int = A4_WIDTH,
    page_height: int | None = None,
    landscape: bool = False,
    scale: int = 40,
) -> list[str]:
    """Return the pages of ``score`` as SVG documents; the same input gives the same text.

    Title, composer and tempo are drawn. Nothing is fetched when a page is shown: music signs are outlines,
    text uses the reader's serif font.

    Parameters
    ----------
    score : Tune or str
        A parsed tune, ABC text, or MusicXML (a text that starts with ``<``). Give MusicXML that `musicxml`
        wrote: verovio ends the process on some broken files of others, and only their commonest faults are
        caught here.
    page_width, page_height : int
        Sides of a page in tenths of a millimetre, for staves 7.2 mm high. By default A4; ``page_height=None``
        also cuts the page below its last staff. A system too high for a page is made smaller to fit.
    landscape : bool
        Whether the two sides change places.
    scale : int
        Size on the screen in per cent: a page is ``page_width * scale / 100`` pixels wide.

    Raises
    ------
    ControlError
        If a side or the scale is out of range.
    NotationError
        If a text is not ABC.
    RenderError
        If verovio cannot read or lay out the score.
    """
    height = A4_HEIGHT if page_height is None else page_height
    sides = (height, page_width) if landscape else (page_width, height)
    if not all(SIDES[0] <= side <= SIDES[1] for side in sides):
        raise ControlError(
            f"a page of {sides[0]} by {sides[1]} tenths of a millimetre; "
            f"choose sides from {SIDES[0]} to {SIDES[1]}"
        )
    if not 10 <= scale <= 400:
        raise ControlError(f"a scale of {scale} %; choose one from 10 to 400")
    xml = score if isinstance(score, str) and score.lstrip()[:1] == "<" else musicxml(score)
    _check(xml)
    options = {
        "pageWidth": sides[0],
        "pageHeight": sides[1],
        "scale": scale,
        "adjustPageHeight": page_height is None,
    }
    with _lock:  # verovio keeps its fonts and its log in globals
        return [_tidied(page) for page in _pages(xml, options)]


def _check(xml: str) -> None:
    """Refuse what is not MusicXML before verovio sees it."""
    if len(xml) > MAX_XML:
        raise RenderError(
            f"MusicXML of {len(xml)} characters; at most {MAX_XML} are engraved, take fewer bars"
        )
    try:
        root = ElementTree.fromstring(xml.encode("utf-8"))  # noqa: S314 - expat bounds entity expansion
    except (ElementTree.ParseError, UnicodeEncodeError) as error:
        raise RenderError(
            f"the MusicXML is broken: {error}; give the text that musicxml() returns"
        ) from error
    if root.tag != "score-partwise" or root.find("part/measure") is None:
        raise RenderError(
            f"MusicXML of kind {root.tag!r} without music; score-partwise with measures is engraved"
        )
    fault = next((fault for fault in map(_fault, root.iter()) if fault), "")
    if fault:
        raise RenderError(f"the MusicXML has {fault}; open it in a notation program and write it again")


def _fault(element: ElementTree.Element) -> str:
    """Return what in an element would end verovio's process: division by zero, endless ledger lines."""
    tag, text = element.tag, (element.text or "").strip()
    if len(text) > 7 and text.lstrip("-").isdecimal():
        return f"{tag} {text[:20]}"
    if tag in ("octave", "display-octave") and not (len(text) == 1 and text.isdecimal()):
        return f"{tag} {text!r}"
    if tag in ("degree-value", "divisions") and not _count(element):
        return f"{tag} {text!r}"
    if tag == "time" and element.find("senza-misura") is None and not _count(element.find("beat-type")):
        return "a time signature without beat-type"
    if tag == "note" and element.find("grace") is None and not _count(element.find("duration")):
        return "a note without duration"
    return ""


def _count(element: ElementTree.Element | None) -> bool:
    """Whether an element holds a positive number."""
    text = "" if element is None else (element.text or "").strip()
    return text.isdecimal() and text.strip("0") != ""


def _pages(xml: str, options: dict[str, Any]) -> list[str]:
    """Return verovio's pages."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    # The import sets this for its own thread only; a toolkit of another thread would find no fonts.
    verovio.setDefaultResourcePath(str(resources.files("verovio") / "data"))
    toolkit = verovio.toolkit()
    toolkit.setOptions(
        {
            **options,
            "xmlIdSeed": zlib.crc32(xml.encode("utf-8")) >> 1
            | 1,  # ids from the content: not the clock, not shared by scores
            "footer": "none",
            "shrinkToFit": True,
            "bottomMarginHeader": 4.0,
            "lyricWordSpace": 3.5,  # verovio measures in Times; wider substitutes must not run together
            "pageMarginTop": 100,
            "pageMarginBottom": 100,
            "pageMarginLeft": 100,
            "pageMarginRight": 100,
        }
    )
    if not toolkit.loadData(xml) or toolkit.getPageCount() < 1:
        raise RenderError(
            "verovio cannot lay out this MusicXML; open it in a notation program to see what is wrong with it"
        )
    return [toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1)]


def _tidied(page: str) -> str:
    """Return a page whose text needs only common fonts, with a larger title and a viewBox.

    Verovio embeds its music font, 58 kB a page, for a note in a tempo or a flat in a chord symbol. Few
    readers of SVG outside browsers know embedded fonts, and every system has these signs in a text font.
    """
    page = _SIGN.sub(_sign, page)
    if 'font-family="Leipzig"' not in page:
        page = _FONT.sub("", page)
    page = _TITLE.sub(rf"\g<1>{_TITLE_SIZE}px\2", page, count=1)
    page = page.replace('font-family="Times, serif"', f'font-family="{_TEXT_FONTS}"')
    return _ROOT.sub(r'<svg width="\1px" height="\2px" viewBox="0 0 \1 \2"', page, count=1)


def _sign(found: re.Match[str]) -> str:
    """Return one piece of music-font text as plain text; text fonts draw the signs larger for their size."""
    text = "".join(_SIGNS.get(character, "") for character in found[2])
    return f'<tspan font-size="{int(found[1]) * 5 // 8}px">{text}</tspan>'
