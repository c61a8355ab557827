"""Our MusicXML reading and ABC writing against music21's reading of the same files, through our parser."""

from fractions import Fraction

import pytest

from notation import check, parse
from rag_store.chorales import NotPlain, chorale_abc
from rag_store.corpus import corpus_folder

#: 269: repeats and a pickup; 227.1: ties; 257, 314: bars split at a fermata; the others: other hands
PIECES = ["bwv269", "bwv227.1", "bwv257", "bwv18.5-w", "bwv248.12-2", "bwv314"]


def ours(name):
    tune = parse(chorale_abc(corpus_folder() / "bach" / f"{name}.mxl", "x"))
    return [[(n.onset, n.pitch, n.duration) for n in voice.notes] for voice in tune.voices]


def music21s(name):
    from music21 import converter

    score = converter.parse(corpus_folder() / "bach" / f"{name}.mxl", forceSource=True)
    return [
        [
            (
                Fraction(note.getOffsetInHierarchy(part)).limit_denominator(64),
                note.pitch.midi,
                Fraction(note.quarterLength),
            )
            for note in part.recurse().notes
        ]
        for part in score.parts
    ]


@pytest.mark.parametrize("name", PIECES)
def test_notes_equal_music21s(name):
    mine, theirs = ours(name), music21s(name)
    assert len(mine) == len(theirs) == 4
    assert mine == theirs


def test_first_bars_by_hand():
    abc = chorale_abc(corpus_folder() / "bach" / "bwv66.6.mxl", "Christ unser Herr zum Jordan kam")
    assert " cB | A2 B2 !fermata!c2 e2 | c2 B2 !fermata!A2 c2 |" in abc  # soprano, from the printed score
    tune = parse(abc)
    assert (tune.key.tonic, tune.key.mode) == ("F#", "minor")
    assert [voice.bars[0].duration for voice in tune.voices] == [1, 1, 1, 1]
    assert tune.voices[0].notes[0].spelled == "C#5"
    assert sum("fermata" in note.decorations for note in tune.voices[0].notes) == 6


def test_ties_and_accidentals():
    tune = parse(chorale_abc(corpus_folder() / "bach" / "bwv66.6.mxl", "x"))
    tied = [(n.spelled, n.duration) for n in tune.voices[0].notes if n.tie_start]
    assert tied == [("F#4", 1)]  # over the bar line into bar 9
    assert "E#4" in {n.spelled for n in tune.voices[1].notes}  # the raised seventh


def test_most_are_plain_and_valid(raws):
    found = {raw.id: raw for raw in raws if raw.source == "bach"}
    assert len(found) > 340
    sample = list(found.values())[::40]
    valid = [raw for raw in sample if not [p for p in check(raw.abc) if p.severity == "error"]]
    assert len(valid) >= 0.85 * len(sample)
    assert found["bach:bwv269"].title == "Aus meines Herzens Grunde"
    assert found["bach:bwv66.6"].title == "Chorale BWV 66.6"  # not in music21's table


def test_other_settings_are_refused():
    with pytest.raises(NotPlain, match="parts"):
        chorale_abc(corpus_folder() / "bach" / "bwv1.6.mxl", "x")
