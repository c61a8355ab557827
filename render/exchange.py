"""A tune as MusicXML, for notation programs and for our own engraver."""

from __future__ import annotations

import contextlib
import io
import itertools
import logging
import re
import threading
import xml.etree.ElementTree as ElementTree

from chiaroscore import RenderError
from notation import Tune
from render.source import one_line, tune_of

_log = logging.getLogger(__name__)
#: One export at a time: imported by two threads at once music21 deadlocks, and it warns on standard error,
#: which is the process's, not the thread's.
_lock = threading.Lock()

#: Characters that XML 1.0 has no way to write (its production 2, Char), such as control codes in a title.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"
"http://www.musicxml.org/dtds/partwise.dtd">
"""


def musicxml(tune: Tune | str) -> str:
    """Return ``tune`` (or ABC text) as MusicXML 4.0, ``score-partwise``; the same tune gives the same text.

    music21 writes it. Then its random identifiers become ``P1``, ``P1-I1`` ... in order, the date is left
    out, and a tempo is one direction above the staff, its word before its number, as engravers set it.

    Raises
    ------
    NotationError
        If a text is not ABC.
    RenderError
        If music21 cannot write the tune.
    """
    tune = tune_of(tune)
    with _lock:
        root = _export(tune)
    _undate(root)
    _number(root)
    _correct(root)
    _join_tempi(root)
    _credit(root, one_line(tune.title), one_line(tune.composer))
    ElementTree.indent(root)
    return _HEAD + _UNWRITABLE.sub("", ElementTree.tostring(root, encoding="unicode")) + "\n"


def _export(tune: Tune) -> ElementTree.Element:
    """Return what music21 writes; its warnings go to `logging`."""
    import music21.musicxml.m21ToXml

    from notation import to_music21

    # Not GeneralObjectExporter, which copies the whole score first and takes three times as long.
    exporter = music21.musicxml.m21ToXml.ScoreExporter(to_music21(tune))
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            root: ElementTree.Element = exporter.parse()
    except music21.exceptions21.Music21Exception as error:
        raise RenderError(f"music21 cannot write {tune.title!r}: {error}; run check() on the ABC") from error
    if said.getvalue():
        _log.debug("music21: %s", said.getvalue().strip())
    return root


def _undate(root: ElementTree.Element) -> None:
    """Remove the date of writing."""
    for encoding in root.iter("encoding"):
        for date in encoding.findall("encoding-date"):
            encoding.remove(date)


def _number(root: ElementTree.Element) -> None:
    """Give parts and instruments running numbers as identifiers."""
    names: dict[str, str] = {}
    for part, declared in enumerate(root.iter("score-part"), start=1):
        names[declared.get("id", "")] = f"P{part}"
        for count, instrument in enumerate(declared.findall("score-instrument"), start=1):
            names[instrument.get("id", "")] = f"P{part}-I{count}"
    for tag in ("score-part", "part", "score-instrument", "midi-instrument", "instrument"):
        for element in root.iter(tag):
            name = element.get("id", "")
            element.set("id", names.get(name, name))


def _correct(root: ElementTree.Element) -> None:
    """Put right what music21 leaves odd.

    Drums after the first instrument on a pitched channel, "Ac b" for a part called Bass, a pickup that counts
    as a bar, and a natural written in chord symbols without any.
    """
    for instrument in root.iter("midi-instrument"):
        channel = instrument.find("midi-channel")
        if channel is not None and instrument.find("midi-unpitched") is not None:
            channel.text = "10"
    for part in root.iter("score-part"):
        name, short = part.findtext("part-name") or "", part.find("part-abbreviation")
        if short is not None and name:
            short.text = _short(name, short.text or "")
    for measure in root.iter("measure"):
        if measure.get("number") == "0":
            measure.set("implicit", "yes")
    for chord in root.iter("root"):
        natural = chord.find("root-alter")
        if natural is not None and natural.text == "0":
            chord.remove(natural)


def _join_tempi(root: ElementTree.Element) -> None:
    """Put the words of a tempo and its metronome mark, which music21 writes apart, into one direction."""
    for measure in root.iter("measure"):
        children = list(measure)
        for mark, words in itertools.pairwise(children):
            if mark.find("direction-type/metronome") is None:
                continue
            mark.set("placement", "above")
            text = words.find("direction-type/words")
            if text is not None and text.get("font-weight") == "bold" and _at(mark) == _at(words):
                measure.remove(words)
                mark.insert(0, words.find("direction-type"))  # type: ignore[arg-type]
    for words in root.iter("words"):
        words.attrib.pop("default-y", None)


def _credit(root: ElementTree.Element, title: str, composer: str) -> None:
    """Write title and composer at the head of the first page; verovio draws no composer from the metadata."""
    before = list(root).index(root.find("part-list"))  # type: ignore[arg-type]
    for kind, text, justify, valign in (
        ("title", title, "center", "top"),
        ("composer", composer, "right", "bottom"),
    ):
        if text:
            credit = ElementTree.Element("credit", page="1")
            ElementTree.SubElement(credit, "credit-type").text = kind
            words = ElementTree.SubElement(credit, "credit-words", justify=justify, valign=valign)
            words.text = text
            root.insert(before, credit)
            before += 1


#: How musicians shorten the last word of a part's name.
_SHORT = {
    "Bass": "Bass", "Ensemble": "Ens.", "Guitar": "Gtr.", "Organ": "Org.", "Piano": "Pno.",
    "Sax": "Sax", "Section": "Sec.", "Strings": "Str.", "Trombone": "Tbn.", "Trumpet": "Tpt.",
}  # fmt: skip


def _short(name: str, given: str) -> str:
    """Abbreviation of a part: music21's where it fits the name, else one of the name's own letters.

    music21 knows no synthesisers and calls them all samplers.
    """
    if len(name) <= 6:
        return name
    words = [word for word in name.split() if not word.isdigit()]
    if len(words) > 1 and words[-1] in _SHORT:
        return f"{words[0][0]}. {_SHORT[words[-1]]}"
    letters = iter(name.lower())
    if (
        given
        and given[0].lower() == name[0].lower()
        and all(c in letters for c in given.lower() if c.isalpha())
    ):
        return given
    return f"{words[0][0]}. {words[-1][:5]}" if len(words) > 1 else f"{name[:4]}."


def _at(direction: ElementTree.Element) -> str:
    """Return the offset of a direction from the note it stands before."""
    return direction.findtext("offset", "0")
