import pytest

from chiaroscore import NotationError
from notation import check, parse
from rag_store.builtin import data_folder
from rag_store.searching.prompt_ready import prompt_ready, token_count

DUET = """X:7
T:Two
C:Somebody
Z:typed by somebody else
N:a note
% genre: waltz
%%pagewidth 21cm
%%MIDI gchordoff
M:3/4
L:1/4
K:G
V:1 name="Flute"
V:2 name="Cello" clef=bass
V:1
%%MIDI program 73
|: GAB | c2 d % here it turns
w: la la la la la
V:2
%%MIDI program 42
|: G,3 | C,3
V:1
| BAG | A3 :|
V:2
| G,3 | D,3 :|
V:1
| ddd | g3 |]
V:2
| B,3 | G,3 |]
"""


def notes(abc, bars):
    return [
        [(note.pitch, note.onset, note.duration) for note in voice.notes if note.bar <= bars]
        for voice in parse(abc).voices
    ]


@pytest.mark.parametrize("bars", [1, 2, 3, 4, 5, 6, 60])
def test_an_opening_keeps_its_notes_and_no_words(bars):
    ready = prompt_ready(DUET, bars)
    assert ready.bars == min(bars, 6)
    assert notes(ready.abc, 99) == notes(DUET, bars)
    assert not [problem for problem in check(ready.abc) if problem.severity == "error"]
    assert ready.tokens == token_count(ready.abc) == -(-len(ready.abc) // 3)
    for word in ("Somebody", "typed", "genre", "pagewidth", "turns", "la la", "N:", "w:"):
        assert word not in ready.abc
    assert [voice.program for voice in parse(ready.abc).voices] == [73, 42]


def test_no_voice_is_left_without_music():
    lines = prompt_ready(DUET, 2).abc.splitlines()
    assert [line for line in lines if line.startswith("V:")] == [
        'V:1 name="Flute"', 'V:2 name="Cello" clef=bass', "V:1", "V:2",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["tango-01", "fanfare-01", "rock-01", "waltz-01"])
def test_real_exemplars(name):
    abc = (data_folder() / "exemplars" / f"{name}.abc").read_text("utf-8")
    ready = prompt_ready(abc, 8)
    assert ready.bars == 8 and notes(ready.abc, 99) == notes(abc, 8)
    assert "licence" not in ready.abc


def test_what_no_length_makes_valid_is_refused():
    with pytest.raises(NotationError, match="no opening of 'Broken' is valid"):
        prompt_ready("X:1\nT:Broken\nM:4/4\nL:1/4\nK:C\nCD|CDEFG|C|", 8)
