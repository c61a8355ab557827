"""Chord symbols: kinds as MusicXML has them, the writer's spelling in print, no effect on the notes."""

import re
import xml.etree.ElementTree as ElementTree

import pytest
import verovio
from music21 import expressions, harmony
from music21.musicxml import m21ToXml

import notation
from notation.stream_chords import _kinds, chord_symbol

#: kind-value of the MusicXML 4.0 schema
KINDS = {
    *("major", "minor", "augmented", "diminished", "dominant", "major-seventh", "minor-seventh"),
    *("diminished-seventh", "augmented-seventh", "half-diminished", "major-minor", "major-sixth"),
    *("minor-sixth", "dominant-ninth", "major-ninth", "minor-ninth", "dominant-11th", "major-11th"),
    *("minor-11th", "dominant-13th", "major-13th", "minor-13th", "suspended-second"),
    *("suspended-fourth", "power"),
}
# written: music21's figure, kind in MusicXML, pitches of the chord
CHORDS = {
    "C": ("C", "major", "C E G"),
    "Bb": ("B-", "major", "B- D F"),
    "B♭m": ("B-m", "minor", "B- D- F"),
    "Dm/A": ("Dm/A", "minor", "A D F"),
    "A-": ("Am", "minor", "A C E"),
    "C5": ("C5", "power", "C G"),
    "Cmaj7": ("Cmaj7", "major-seventh", "C E G B"),
    "CM7": ("Cmaj7", "major-seventh", "C E G B"),
    "CΔ": ("Cmaj7", "major-seventh", "C E G B"),
    "Cma7": ("Cmaj7", "major-seventh", "C E G B"),
    "Ebmaj7": ("E-maj7", "major-seventh", "E- G B- D"),
    "G7/B": ("G7/B", "dominant", "B D F G"),
    "Dm7": ("Dm7", "minor-seventh", "D F A C"),
    "Dmin7": ("Dm7", "minor-seventh", "D F A C"),
    "F#m7b5": ("F#m7b5", "half-diminished", "F# A C E"),
    "Bø": ("Bm7b5", "half-diminished", "B D F A"),
    "Bdim7": ("Bdim7", "diminished-seventh", "B D F A-"),
    "Bo7": ("Bdim7", "diminished-seventh", "B D F A-"),
    "B°": ("Bdim", "diminished", "B D F"),
    "Caug": ("C+", "augmented", "C E G#"),
    "C7#5": ("C7#5", "augmented-seventh", "C E G# B-"),
    "Cm(maj7)": ("Cmmaj7", "major-minor", "C E- G B"),
    "Gsus4": ("Gsus4", "suspended-fourth", "G C D"),
    "G7sus4": ("G7sus4", "suspended-fourth", "G C D F"),
    "G9sus4": ("G9sus4", "suspended-fourth", "G C D F A"),
    "C6/9": ("C69", "major-sixth", "C E G A D"),
    "Cadd9": ("Cadd9", "major", "C E G D"),
    "Cmadd9": ("Cmadd9", "minor", "C E- G D"),
    "Fmaj9": ("Fmaj9", "major-ninth", "F A C E G"),
    "E7#9": ("E7#9", "dominant", "E G# B D F##"),
    "E7(b9)": ("E7b9", "dominant", "E G# B D F"),
    "C7b5": ("C7b5", "dominant", "C E G- B-"),
    "Cmaj7#11": ("Cmaj7#11", "major-seventh", "C E G B F#"),
    "G13": ("G13", "dominant-13th", "G B D F A C E"),
    "Cno3": ("Cno3", "major", "C G"),
}
HEAD = "X:1\nM:4/4\nL:1/4\nK:C\n"


def musicxml(abc: str) -> ElementTree.Element:
    return m21ToXml.ScoreExporter(notation.to_music21(notation.parse(abc))).parse()


def accidentals(abc: str) -> list[tuple[str, str, str]]:
    return [
        (measure.get("number"), note.findtext("pitch/step"), note.findtext("accidental"))
        for measure in musicxml(abc).iter("measure")
        for note in measure.iter("note")
        if note.find("accidental") is not None
    ]


@pytest.mark.parametrize("text", CHORDS)
def test_chord_symbols(text: str) -> None:
    figure, _, pitches = CHORDS[text]
    symbol = chord_symbol(text)
    assert isinstance(symbol, harmony.ChordSymbol) and not symbol.writeAsChord
    assert symbol.figure == figure
    assert {pitch.name for pitch in symbol.pitches} == set(pitches.split())
    assert symbol.bass().name == pitches.split()[0]


def test_kinds_and_spelling_in_musicxml() -> None:
    root = musicxml(HEAD + "".join(f'"{text}"C4|' for text in CHORDS))
    written = [(e.findtext("kind"), e.find("kind").get("text", "")) for e in root.iter("harmony")]
    assert [kind for kind, _ in written] == [kind for _, kind, _ in CHORDS.values()]
    assert {kind for kind, _ in written} <= KINDS
    assert written[list(CHORDS).index("Cadd9")][1] == "add9"
    assert written[list(CHORDS).index("C")][1] == ""
    assert not list(root.iter("degree"))


@pytest.mark.parametrize("quality", _kinds())
def test_every_known_quality_is_a_chord(quality: str) -> None:
    assert isinstance(chord_symbol("Eb" + quality), harmony.ChordSymbol)


def test_verovio_prints_what_was_written() -> None:
    asked = [text for text in CHORDS if text not in ("B♭m", "B°")]  # abcjs makes them Bbm and Bo
    toolkit = verovio.toolkit()
    xml = ElementTree.tostring(musicxml(HEAD + "".join(f'"{t}"C4|' for t in asked)), encoding="unicode")
    assert toolkit.loadData(xml)
    printed = re.findall(r"<harm\b[^>]*>(.*?)</harm>", toolkit.getMEI(), re.DOTALL)
    shown = [re.sub(r"<[^>]*>|\s", "", text).replace("♮", "") for text in printed]
    assert shown == [re.sub("^([A-G])b", r"\1♭", t).replace("F#m", "F♯m") for t in asked]


@pytest.mark.parametrize("text", ["", "H", "Crazy", "C(((", "G7/", "tacet", "Cm7b5#9b13" * 9, "♭", "A/Z"])
def test_other_texts_stay_texts(text: str) -> None:
    assert isinstance(chord_symbol(text), (expressions.TextExpression, harmony.ChordSymbol))
    assert isinstance(chord_symbol("Crazy"), expressions.TextExpression)


@pytest.mark.parametrize(
    "music",
    [
        '"Cmaj7"C,D,_E,F,|"Ebm7"_G,A,B,C|',
        '"Eb"CDEF|"Db7"GABc|CDEF|',
        '"Ab"^CD^C=C|"Bb7"=E,GAB|EF^FG|',
    ],
)
@pytest.mark.parametrize("key", ["C", "Bb", "E"])
def test_chord_symbols_do_not_change_the_accidentals(music: str, key: str) -> None:
    head = f"X:1\nM:4/4\nL:1/4\nK:{key}\n"
    assert accidentals(head + music) == accidentals(head + re.sub('"[^"]*"', "", music))
