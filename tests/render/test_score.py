"""MusicXML that music21 reads back note for note, and pages that show every note and cut none."""

from __future__ import annotations

import collections
import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import cairosvg
import music21
import numpy as np
import pytest
from PIL import Image

from chiaroscore import ControlError, NotationError, RenderError
from notation import Tune, parse
from render import musicxml, svg

NAMES = ["band", "changes", "pickup", "song", "ties"]
SVG = "{http://www.w3.org/2000/svg}"


def written(tune: Tune) -> collections.Counter[tuple[int, float, float]]:
    """(sounding pitch, onset, duration) of the notes of the pitched voices, as written."""
    return collections.Counter(
        (note.pitch, float(note.onset), float(note.duration))
        for voice in tune.voices
        if not voice.percussion
        for note in voice.notes
        if not note.grace
    )


def heads(pages: list[str]) -> int:
    """Number of note heads drawn on pages."""
    found = 0
    for page in pages:
        found += sum(
            "note" in g.get("class", "").split() for g in ElementTree.fromstring(page).iter(f"{SVG}g")
        )
    return found


def drawn(pages: list[str]) -> str:
    """All text on pages."""
    return " ".join("".join(ElementTree.fromstring(page).itertext()) for page in pages)


@pytest.mark.parametrize("name", NAMES)
def test_music21_reads_the_same_notes(tunes: dict[str, Tune], name: str) -> None:
    score = music21.converter.parseData(musicxml(tunes[name]), format="musicxml")
    found: collections.Counter[tuple[int, float, float]] = collections.Counter()
    for part in score.parts:
        for element in part.flatten().notes:
            if isinstance(element, (music21.harmony.ChordSymbol, music21.percussion.PercussionChord)):
                continue
            for pitch in element.pitches:
                found[pitch.midi, float(element.offset), float(element.quarterLength)] += 1
    assert found == written(tunes[name])


def test_head_of_the_musicxml(tunes: dict[str, Tune]) -> None:
    root = ElementTree.fromstring(musicxml(tunes["band"]))
    assert root.tag == "score-partwise" and root.get("version") == "4.0"
    assert root.findtext("work/work-title") == "Harbour at Dusk"
    assert root.findtext("identification/creator") == "A. N. Other"
    assert [e.text for e in root.iter("credit-words")] == ["Harbour at Dusk", "A. N. Other"]
    assert [part.get("id") for part in root.iter("score-part")] == ["P1", "P2", "P3", "P4"]
    assert [part.get("id") for part in root.iter("part")] == ["P1", "P2", "P3", "P4"]
    assert [part.findtext("part-name") for part in root.iter("score-part")] == [
        "Flute",
        "Piano",
        "Bass",
        "Drums",
    ]
    assert root.find(".//encoding-date") is None


def test_tempo_is_one_direction_word_first(tunes: dict[str, Tune]) -> None:
    root = ElementTree.fromstring(musicxml(tunes["band"]))
    marks = [d for d in root.iter("direction") if d.find("direction-type/metronome") is not None]
    assert len(marks) == 1 and marks[0].get("placement") == "above"
    assert [kind[0].tag for kind in marks[0].findall("direction-type")] == ["words", "metronome"]
    assert marks[0].findtext("direction-type/words") == "Andante"
    assert marks[0].findtext("direction-type/metronome/per-minute") == "92"


def test_every_drum_is_on_channel_ten_and_a_pickup_is_no_bar(tunes: dict[str, Tune]) -> None:
    root = ElementTree.fromstring(musicxml(tunes["band"]))
    drums = [i for i in root.iter("midi-instrument") if i.find("midi-unpitched") is not None]
    assert len(drums) == 3 and {i.findtext("midi-channel") for i in drums} == {"10"}
    pickup = ElementTree.fromstring(musicxml(tunes["pickup"])).find(".//measure")
    assert pickup is not None and (pickup.get("number"), pickup.get("implicit")) == ("0", "yes")


def test_identifiers_are_used_as_declared(tunes: dict[str, Tune]) -> None:
    root = ElementTree.fromstring(musicxml(tunes["band"]))
    declared = {i.get("id") for i in root.iter("score-instrument")}
    assert {i.get("id") for i in root.iter("midi-instrument")} <= declared
    assert {i.get("id") for i in root.iter("instrument")} <= declared


def test_the_same_text_here_and_in_another_process(band: str) -> None:
    script = "import sys; from render import musicxml, svg; x = musicxml(sys.argv[1]); print(x + svg(x)[0])"
    command = [sys.executable, "-X", "utf8", "-c", script, band]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    xml = musicxml(band)
    assert done.stdout.decode().rstrip() == (xml + svg(xml)[0]).rstrip()
    assert done.stderr == b""


def test_titles_that_look_like_markup(capfd: pytest.CaptureFixture[str]) -> None:
    text = 'X:1\nT:A & B <c> "d" ]]> Večer 夕\nC:O\'Neill & Co\nM:4/4\nL:1/4\nK:C\nCDEF|]\n'
    pages = svg(text)
    assert 'A & B <c> "d" ]]> Večer 夕' in drawn(pages)
    assert "O'Neill & Co" in drawn(pages)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", NAMES)
def test_every_note_is_on_the_page(tunes: dict[str, Tune], name: str) -> None:
    tune = tunes[name]
    pages = svg(tune)
    assert heads(pages) == sum(len(voice.notes) for voice in tune.voices)
    assert tune.title in drawn(pages)
    assert "= " in drawn(pages).replace("\N{NO-BREAK SPACE}", " ")


def test_lyrics_chords_composer_and_tempo_are_drawn(tunes: dict[str, Tune]) -> None:
    text = drawn(svg(tunes["song"]))
    for word in ("morn", "ken,", "hill,", "stir", "still.", "Trad."):
        assert word in text
    band = drawn(svg(tunes["band"]))
    for word in ("Andante", "A. N. Other", "Dm", "A7", "Flute", "Drums"):
        assert word in band


def test_pages_need_no_font_but_common_ones_and_no_network(tunes: dict[str, Tune]) -> None:
    for page in svg(tunes["band"]) + svg(tunes["pickup"]):
        assert "@font-face" not in page and "Leipzig" not in page
        assert set(re.findall(r"https?://[^\"' )]+", page)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }
        assert "\N{QUARTER NOTE}" in page


def test_a_long_piece_has_pages_that_add_up() -> None:
    bars = 60
    voices = "".join(f"V:{i}\n" + "CDEF GABc|" * bars + "\n" for i in range(3))
    xml = musicxml(f"X:1\nT:Long\nM:4/4\nL:1/8\nK:G\n{voices}")
    portrait, landscape = svg(xml, page_height=2970), svg(xml, page_height=2970, landscape=True)
    assert len(portrait) > 1 and len(landscape) > 1
    assert heads(portrait) == heads(landscape) == 3 * 8 * bars
    assert 'viewBox="0 0 840 1188"' in portrait[0] and 'viewBox="0 0 1188 840"' in landscape[0]


@pytest.mark.parametrize("landscape", [False, True])
def test_no_staff_is_cut_even_with_sixteen_voices(landscape: bool) -> None:
    voices = "".join(f'V:{i} name="Voice number {i}"\n' + "c'8|C,8|" * 2 + "\n" for i in range(16))
    pages = svg(f"X:1\nT:Tall\nC:Someone\nM:4/4\nL:1/8\nK:C\n{voices}", landscape=landscape, page_height=2970)
    assert heads(pages) == 16 * 4
    for page in pages:
        ink = np.asarray(pixels(page)) < 128
        edges = np.concatenate([ink[:3].ravel(), ink[-3:].ravel(), ink[:, :3].ravel(), ink[:, -3:].ravel()])
        assert ink.any() and not edges.any()


def pixels(page: str) -> Image.Image:
    """A page as a grey picture, white where nothing is drawn."""
    png = cairosvg.svg2png(bytestring=page.encode(), background_color="white")
    return Image.open(io.BytesIO(png)).convert("L")


def test_two_scores_do_not_share_ids(tunes: dict[str, Tune]) -> None:
    def ids(page: str) -> set[str]:
        return {e.get("id", "") for e in ElementTree.fromstring(page).iter() if e.get("id")}

    one, other = ids(svg(tunes["song"])[0]), ids(svg(tunes["changes"])[0])
    assert len(one & other) <= 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"page_width": 10}, "choose sides"),
        ({"page_height": 10**6}, "choose sides"),
        ({"scale": 0}, "scale of 0"),
    ],
)
def test_pages_of_no_size(band: str, options: dict[str, int], words: str) -> None:
    with pytest.raises(ControlError, match=words):
        svg(band, **options)


@pytest.mark.parametrize(
    "text", ["<score-partwise>", "<html><body/></html>", "<score-partwise version='4.0'/>"]
)
def test_what_is_not_musicxml(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RenderError):
        svg(text)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<divisions>10080<", "<divisions>0<", "divisions '0'"),
        ("<beat-type>4</beat-type>", "", "time signature"),
        ("<duration>10080</duration>", "", "note without duration"),
        ("<octave>5<", "<octave>99<", "octave '99'"),
        ("<display-octave>5<", "<display-octave>99999999<", "display-octave 99999999"),
    ],
)
def test_musicxml_that_would_end_verovio(tunes: dict[str, Tune], old: str, new: str, words: str) -> None:
    """Without the check each of these kills the interpreter (division by zero) or fills the memory."""
    text = musicxml(tunes["band"])
    assert old in text
    with pytest.raises(RenderError, match=words):
        svg(text.replace(old, new, 1))


def test_entities_do_not_blow_up() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">' + "".join(
        f'<!ENTITY {chr(98 + i + 1)} "{f"&{chr(98 + i)};" * 10}">' for i in range(12)
    )
    with pytest.raises(RenderError, match="broken"):
        svg(f"{bomb}]><score-partwise>&n;</score-partwise>")


def test_prose_is_not_a_score() -> None:
    for render in (musicxml, svg):
        with pytest.raises(NotationError):
            render("Once upon a time there was a tune.")


def test_rendering_leaves_the_tune_as_it_was(band: str) -> None:
    tune = parse(band)
    svg(tune)
    assert tune == parse(band)


@pytest.mark.parametrize(
    ("name", "given", "short"),
    [
        ("Flute", "Fl", "Flute"),
        ("Crystal", "Samp", "Crys."),
        ("Warm Pad", "Samp", "W. Pad"),
        ("Synth Bass 2", "Elec b", "S. Bass"),
        ("Acoustic Grand Piano", "Pno", "A. Pno."),
        ("Nylon Guitar", "", "N. Gtr."),
        ("Trombone", "Trb", "Trb"),
        ("Clarinet", "Cl", "Cl"),
    ],
)
def test_abbreviations_are_of_the_parts_own_name(name: str, given: str, short: str) -> None:
    from render.exchange import _short

    assert _short(name, given) == short
