"""Tunes as music21 scores, sign by sign; then out to MusicXML and into verovio."""

import base64
import io
import subprocess
import sys
import warnings

import pytest

from chiaroscore import NotationError
from notation import parse, to_music21

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mido
    import verovio
    from music21 import (
        articulations,
        bar,
        chord,
        clef,
        dynamics,
        expressions,
        harmony,
        key,
        meter,
        note,
        spanner,
        stream,
        tempo,
    )
    from music21.musicxml.m21ToXml import GeneralObjectExporter

HOUSE = """X:1
T:Harbour at Dusk
C:Anna Example
M:4/4
L:1/8
Q:"Andante" 1/4=72
%%MIDI gchordoff
%%score (M H) B D
V:M name="Clarinet" clef=treble
V:H name="Harp" clef=treble
V:B name="Cello" clef=bass
V:D name="Drums" clef=perc
K:D dorian
V:M
%%MIDI program 71
"Dm7"!p!!crescendo(!(A2 de) "G"f2 (3efd!crescendo)!|!mf!"Cmaj7".e.c c4 "Bbmaj7"d2|!f!c4- c2 BA|!fermata!d8|
w:Lights a-long the har-bour wall_ they fade a-way
V:H
%%MIDI program 46
[DFA]4 [DGB]4|[CEG]4 [CEB]4|[CEA]4 !accent![CEA]4|[DFA]8|
V:B
%%MIDI program 42
D,4 G,,4|C,4 _B,,4|A,,2 E,2 A,,4|D,8|
V:D clef=perc
%%MIDI channel 10
%%MIDI drummap F 36
%%MIDI drummap c 38
%%MIDI drummap g 42
[K:C clef=perc]
[Fg]2g2 [cg]2g2|[Fg]2g2 [cg]2gg|[Fg]2g2 [cg]2g2|[Fg]4 z4|
"""
HEAD = "X:1\nM:4/4\nL:1/4\nK:C\n"


def first_part(body, head=HEAD, **options):
    return to_music21(parse(head + body), **options).parts[0]


def measures(part):
    return list(part.getElementsByClass(stream.Measure))


def xml_of(score):
    return GeneralObjectExporter(score).parse().decode()


def test_parts_names_programs_and_metadata():
    score = to_music21(parse(HOUSE))
    assert (score.metadata.title, score.metadata.composer) == ("Harbour at Dusk", "Anna Example")
    assert [p.partName for p in score.parts] == ["Clarinet", "Harp", "Cello", "Drums"]
    found = [p.getInstrument(returnDefault=False) for p in score.parts[:3]]
    assert [i.midiProgram for i in found] == [71, 46, 42]
    assert found[0].transposition is None  # the score is as it sounds, a clarinet in B flat would not be
    assert [type(p.recurse().getElementsByClass(clef.Clef).first()) for p in score.parts] == [
        clef.TrebleClef,
        clef.TrebleClef,
        clef.BassClef,
        clef.PercussionClef,
    ]


def test_melody_signs():
    part = to_music21(parse(HOUSE)).parts[0]
    first = measures(part)[0]
    assert first[key.Key].first().mode == "dorian" and first[key.Key].first().tonic.name == "D"
    mark = part[tempo.MetronomeMark].first()
    assert (mark.text, mark.number, mark.referent.quarterLength) == ("Andante", 72, 1)
    assert [(s.figure, float(s.getOffsetInHierarchy(part))) for s in part[harmony.ChordSymbol]][:4] == [
        ("Dm7", 0),
        ("G", 2),
        ("Cmaj7", 4),
        ("B-maj7", 7),
    ]
    assert not any(symbol.writeAsChord for symbol in part[harmony.ChordSymbol])
    assert [d.value for d in part[dynamics.Dynamic]] == ["p", "mf", "f"]
    wedge = part[dynamics.Crescendo].first()
    assert (wedge.getFirst().nameWithOctave, wedge.getLast().nameWithOctave) == ("A4", "D5")
    slur = part[spanner.Slur].first()
    assert [n.nameWithOctave for n in slur] == ["A4", "E5"]
    notes = [n for n in part.recurse().notes if not isinstance(n, harmony.Harmony)]
    assert [n.lyric for n in notes][:6] == ["Lights", "a", "long", "the", "har", "bour"]
    assert notes[1].lyrics[0].syllabic == "begin"
    assert isinstance(notes[7].articulations[0], articulations.Staccato)
    assert isinstance(notes[-1].expressions[0], expressions.Fermata)
    assert [(n.tie.type, n.nameWithOctave) for n in notes if n.tie] == [("start", "C5"), ("stop", "C5")]
    triplet = [n for n in notes if n.duration.tuplets]
    assert [n.duration.type for n in triplet] == ["eighth"] * 3
    assert {
        (n.duration.tuplets[0].numberNotesActual, n.duration.tuplets[0].numberNotesNormal) for n in triplet
    } == {(3, 2)}


def test_chords_and_percussion():
    score = to_music21(parse(HOUSE))
    harp = [c for c in score.parts[1].recurse().notes]
    assert all(isinstance(c, chord.Chord) for c in harp) and [p.midi for p in harp[0].pitches] == [62, 65, 69]
    strokes = [
        (stroke.storedInstrument.percMapPitch, stroke.displayStep, stroke.displayOctave, stroke.notehead)
        for group in score.parts[3].recurse().notes
        for stroke in getattr(group, "notes", (group,))
    ]
    assert set(strokes) == {(36, "F", 4, "normal"), (38, "C", 5, "normal"), (42, "G", 5, "x")}
    assert not score.parts[3][key.KeySignature]


def test_pickup_is_bar_zero_and_bars_count_on():
    part = first_part("G|cdef|g2:|")
    assert [m.number for m in measures(part)] == [0, 1, 2]
    assert measures(part)[0].paddingLeft == 3
    assert measures(part)[0].duration.quarterLength == 1


@pytest.mark.parametrize(
    "body, played",
    [
        ("CDEF|GABc|", [1, 2]),
        ("|:CDEF:|GABc|", [1, 1, 2]),
        ("CDEF:|GABc:|", [1, 1, 2, 2]),  # opening repeats left out
        ("|:CDEF|1 GABc:|2 c4|]", [1, 2, 1, 3]),
        ("|:CDEF|1,3 GABc:|2 c4:|", None),  # endings out of order: shown, not for music21 to expand
        ("|:CDEF|1-2 GABc:|3 c4|]", [1, 2, 1, 2, 1, 3]),
        ("CDEF|1 GABc:|2 c4||e4|1 f4:|2 g4|]", [1, 2, 1, 3, 4, 5, 4, 6]),
        ("|:CDEF|1 GABc:|c4|", [1, 2, 1, 3]),
        ("|:CDEF::GABc:|", [1, 1, 2, 2]),
        ("CDEF|1 GABc|c4|]", [1, 2, 3]),  # an ending that nothing repeats
    ],
)
def test_repeats_expand_as_they_are_played(body, played):
    tune = parse(HEAD + body)
    score = to_music21(tune)
    flat = to_music21(tune, performed=True)
    order = [m.number for m in measures(flat.parts[0])]
    assert not flat.parts[0][bar.Repeat] and not flat.parts[0][spanner.RepeatBracket]
    pitches = [n.pitch for n in tune.performance.notes]
    assert [n.pitch.midi for n in flat.parts[0].flatten().notes] == pitches
    if played is not None:
        assert order == played
        assert [n.pitch.midi for n in score.parts[0].expandRepeats().flatten().notes] == pitches
    assert verovio_reads(xml_of(score))


def test_voltas_are_drawn():
    part = first_part("|:CDEF|1 GABc:|2 c4|]|:c4|d4:|")
    brackets = [(b.number, [m.number for m in b]) for b in part[spanner.RepeatBracket]]
    assert brackets == [("1", [2]), ("2", [3])]
    found = [(m.number, type(m.leftBarline).__name__, type(m.rightBarline).__name__) for m in measures(part)]
    assert found == [
        (1, "Repeat", "NoneType"),
        (2, "NoneType", "Repeat"),
        (3, "NoneType", "Barline"),
        (4, "Repeat", "NoneType"),
        (5, "NoneType", "Repeat"),
    ]


def test_keys_meters_and_tempi_change_where_written():
    part = first_part('CDEF|[K:Eb][M:3/4][Q:"Largo" 3/8=40]EFG|[K:E phr]EFG|[M:C|]cdef|[M:none]cdefga|')
    third = measures(part)
    assert [(k.tonic.name, k.mode) for k in part[key.Key]] == [
        ("C", "major"),
        ("E-", "major"),
        ("E", "phrygian"),
    ]
    assert [m.getTimeSignatures()[0].ratioString for m in third[:2]] == ["4/4", "3/4"]
    assert third[3][meter.TimeSignature].first().symbol == "cut"
    assert third[4][meter.SenzaMisuraTimeSignature]
    largo = third[1][tempo.MetronomeMark].first()
    assert (largo.text, largo.number, largo.referent.quarterLength, largo.getQuarterBPM()) == (
        "Largo",
        40,
        1.5,
        60,
    )


def test_odd_signatures_and_meters():
    assert (
        measures(first_part("cdefg|", "X:1\nM:2+3/8\nL:1/8\nK:C\n"))[0][meter.TimeSignature]
        .first()
        .barDuration.quarterLength
        == 2.5
    )
    odd = first_part("DEFG|", "X:1\nM:4/4\nL:1/4\nK:D Phr ^f\n")[key.KeySignature].first()
    assert {p.name for p in odd.alteredPitches} >= {"F#", "B-"}
    assert first_part("DEFG|", "X:1\nM:4/4\nL:1/4\nK:none\n")[key.KeySignature].first().sharps == 0
    with pytest.raises(NotationError, match="denominator"):
        to_music21(parse("X:1\nM:4/3\nL:1/4\nK:C\nCDEF|"))


@pytest.mark.parametrize(
    "name, wanted",
    [
        ("treble-8", clef.Treble8vbClef),
        ("bass", clef.BassClef),
        ("alto", clef.AltoClef),
    ],
)
def test_clefs(name, wanted):
    part = first_part("CDEF|", f"X:1\nM:4/4\nL:1/4\nK:C clef={name}\n")
    assert type(part[clef.Clef].first()) is wanted
    assert part.recurse().notes.first().pitch.midi == (48 if name == "treble-8" else 60)


def test_overlays_share_the_staff():
    score = to_music21(parse(HEAD + "CDEF & G4|CDEF|"))
    assert len(score.parts) == 1
    voices = measures(score.parts[0])[0].voices
    assert [[n.pitch.midi for n in v.notes] for v in voices] == [[60, 62, 64, 65], [67]]
    assert not measures(score.parts[0])[1].voices


def test_graces_come_before_and_do_not_fill_time():
    part = first_part("{ga}C {c}D E2|")
    shown = [(n.pitch.midi, n.duration.isGrace) for n in part.recurse().notes]
    assert shown == [(79, True), (81, True), (60, False), (72, True), (62, False), (64, False)]
    assert measures(part)[0].duration.quarterLength == 4


def test_rests_hidden_and_shown_fill_the_bar():
    first, second = measures(first_part("z C x D|Z|"))
    assert [(r.offset, r.style.hideObjectOnPrint) for r in first[note.Rest]] == [(0, False), (2, True)]
    assert second[note.Rest].first().quarterLength == 4


def test_chord_tie_and_tie_chain():
    chords = list(first_part("[CE]4-|[CE]4-|[CE]4|").recurse().notes)
    assert [[n.tie.type for n in c.notes] for c in chords] == [["start"] * 2, ["continue"] * 2, ["stop"] * 2]


def test_a_tie_to_another_pitch_is_the_slur_it_means():
    part = first_part("C-D2-D|")
    assert [n.tie and n.tie.type for n in part.recurse().notes] == [None, "start", "stop"]
    assert [[n.pitch.midi for n in s] for s in part[spanner.Slur]] == [[60, 62]]


def test_hairpin_over_a_bar_line():
    wedge = first_part("!diminuendo(!C D E F|G A!diminuendo)! B2|")[dynamics.Diminuendo].first()
    assert [wedge.getFirst().pitch.midi, wedge.getLast().pitch.midi] == [60, 69]


def test_tuplets_of_other_sizes_and_lengths():
    part = first_part("(5CDEFG A/|(3:2:2C2D E2|(3C>DE F2|")
    for measure in measures(part):
        assert all(n.duration.type != "inexpressible" for n in measure.notes)
    five = [n.duration.tuplets[0] for n in measures(part)[0].notes if n.duration.tuplets]
    assert len(five) == 5 and {(t.numberNotesActual, t.numberNotesNormal) for t in five} == {(5, 2)}
    assert verovio_reads(xml_of(stream.Score([part])))


def test_what_cannot_be_written_says_so():
    with pytest.raises(NotationError, match="length of"):
        to_music21(parse(HEAD + "C/512 D|"))


def test_a_long_tune_is_built_in_linear_time():
    part = first_part("CDEF|" * 400 + "c4|]")
    assert len(measures(part)) == 401


def test_nested_and_chained_slurs():
    nested = first_part("(C (D E) F)|")[spanner.Slur]
    assert sorted([n.pitch.midi for n in s] for s in nested) == [[60, 65], [62, 64]]
    chained = first_part("(C (D) E F)|(C D (E) F)|")[spanner.Slur]
    assert [62, 64] not in [[n.pitch.midi for n in s] for s in chained]
    assert [n.pitch.midi for n in chained[-1]] == [64, 65]


def test_no_chord():
    part = first_part('"N.C."C4|"C"c4|')
    assert isinstance(part[harmony.ChordSymbol].first(), harmony.NoChord)


def test_ornaments_articulations_and_jumps():
    part = first_part("!trill!C !tenuto!D !>!E uF|vc !turn!d !D.C.!e .f|")
    signs = [[type(s).__name__ for s in (*n.articulations, *n.expressions)] for n in part.recurse().notes]
    assert signs == [
        ["Trill"],
        ["Tenuto"],
        ["Accent"],
        ["UpBow"],
        ["DownBow"],
        ["Turn"],
        ["TextExpression"],
        ["Staccato"],
    ]
    assert len(measures(part.expandRepeats())) == 2  # abcjs plays straight on, and so does this


def test_spelling_is_kept():
    names = [n.pitch.name for n in first_part("^F _G ^^c __B|").recurse().notes]
    assert names == ["F#", "G-", "C##", "B--"]


def verovio_reads(xml):
    toolkit = verovio.toolkit()
    return toolkit.loadData(xml) and "<svg" in toolkit.renderToSVG(1)


def test_musicxml_is_written_without_warnings_and_verovio_sounds_it_right():
    tune = parse(HOUSE)
    xml = xml_of(to_music21(tune))  # warnings are errors here
    assert "<midi-unpitched>43</midi-unpitched>" in xml and "<display-step>G</display-step>" in xml
    toolkit = verovio.toolkit()
    assert toolkit.loadData(xml) and "<svg" in toolkit.renderToSVG(1)
    sounded = mido.MidiFile(file=io.BytesIO(base64.b64decode(toolkit.renderToMIDI())))
    ticks, found = sounded.ticks_per_beat, []
    for track in sounded.tracks:
        at = 0
        for message in track:
            at += message.time
            if message.type == "note_on" and message.velocity:
                found.append((round(at / ticks * 12), message.note))
    assert sorted(found) == sorted((round(n.onset * 12), n.pitch) for n in tune.performance.notes)


def test_same_tune_same_score():
    assert [str(e) for e in to_music21(parse(HOUSE)).recurse().notes] == [
        str(e) for e in to_music21(parse(HOUSE)).recurse().notes
    ]


@pytest.mark.parametrize("body", ["z4|", "|", "{C}|", "x", "C"])
def test_next_to_nothing_has_a_score(body):
    score = to_music21(parse(HEAD + body))
    assert all(len(measures(part)) == 1 for part in score.parts)
    assert not score.parts or verovio_reads(xml_of(score))


def test_music21_is_imported_only_when_asked():
    code = "import notation, sys; notation.to_music21; sys.exit('music21' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
