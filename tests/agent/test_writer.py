"""The offline writer on plans of the offline planner: every genre, meter, mode, and odd line-ups."""

import itertools
import os
import random
import subprocess
from types import SimpleNamespace

import pytest

from agent.keys import parse_key
from agent.offline.writer import OfflineWriter
from agent.offline.writer.harmony import harmonise
from agent.offline.writer.meter import meter
from agent.offline.writer.pattern import bar_strokes, table
from agent.offline.writer.theory import tonic
from chiaroscore import NotationError
from notation import check, instrument, parse
from rag_store.lines import melody_line, tune_lines
from rag_store.shapes import Shapes

GENRES = sorted(table("styles")["genres"])
METERS = ("2/4", "3/4", "4/4", "5/4", "2/2", "3/8", "6/8", "7/8", "9/8", "12/8")
KEYS = (
    "C major",
    "F# minor",
    "Bb lydian",
    "D dorian",
    "Ab mixolydian",
    "E phrygian",
    "B locrian",
    "Db major",
    "G# minor",
)
BARS = (4, 5, 7, 8, 13, 16, 17, 24, 31)
PLAYERS = (
    None,
    "flute",
    "piano",
    "cello, viola, contrabass",
    "piccolo, tuba",
    "choir aahs",
    "glockenspiel",
    "timpani, trumpet",
)


def odd_plan(at, planned):
    """Plans that between them hold every genre, meter, key, length and line-up."""
    rng = random.Random(at)
    asked = {
        "genre": GENRES[at % 27],
        "meter": METERS[at % 10],
        "key": KEYS[at % 9],
        "bars": BARS[at % 9 - 4],
    }
    if PLAYERS[at % 8]:
        asked["instruments"] = PLAYERS[at % 8]
    if asked["genre"] == "hornpipe" and asked["meter"] not in ("2/4", "4/4"):
        asked["meter"] = "4/4"  # other meters are refused
    if asked["genre"] == "reel":  # at the tempo of a reel some meters are beyond what a plan may hold
        asked["tempo"] = 200
    return planned(at, rng.uniform(-1, 1), rng.uniform(-1, 1), **asked)


def abc2midi(abc, folder):
    import symusic  # noqa: F401 - names its abc2midi in the environment

    source = folder / "tune.abc"
    source.write_text(abc)
    done = subprocess.run(
        [os.environ["SYMUSIC_ABC2MIDI"], source, "-o", folder / "tune.mid"],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in done.stdout.splitlines() if "rror" in line or "arning" in line]


@pytest.mark.parametrize("at", range(54))
def test_every_score_is_faultless(at, tmp_path, exemplars, planned):
    plan = odd_plan(at, planned)
    draft = OfflineWriter().write(plan, exemplars(plan.genre, seed=at), at)
    assert check(draft.abc) == []
    assert abc2midi(draft.abc, tmp_path) == []
    tune = parse(draft.abc)
    key, length = parse_key(plan.key), meter(plan.meter).length
    assert (tune.key.tonic, tune.key.mode) == (key.tonic, key.mode)
    assert f"{tune.meter.numerator}/{tune.meter.denominator}" == plan.meter
    assert tune.tempo.qpm == pytest.approx(plan.tempo)
    for voice in tune.voices:
        assert [bar.duration for bar in voice.bars] == [length] * plan.bars
        assert voice.notes
    wanted = sorted(part.program for part in plan.instruments if part.role != "percussion")
    assert sorted(voice.program for voice in tune.voices if not voice.percussion) == wanted
    for voice in (voice for voice in tune.voices if not voice.percussion):
        player = instrument(voice.program)
        assert all(player.low <= note.pitch <= player.high for note in voice.notes)
    below_melody(tune)


def below_melody(tune):
    melody = tune.voices[0]
    for bass in (voice for voice in tune.voices if voice.id.startswith("B")):
        for bar in melody.bars:
            above = [note.pitch for note in melody.notes if note.bar == bar.number]
            under = [note.pitch for note in bass.notes if note.bar == bar.number]
            assert not above or not under or max(under) <= min(above)


def test_same_seed_same_text_and_other_seeds_other_music(planned, exemplars):
    plan = planned(1, genre="waltz")
    texts = [OfflineWriter().write(plan, exemplars("waltz"), seed).abc for seed in (5, 5, 6)]
    assert texts[0] == texts[1] != texts[2]


def test_redo_rewrites_only_what_it_names(top, planned, exemplars):
    plan = planned(2, genre="ballad")
    writer, sources = OfflineWriter(), exemplars("ballad")
    draft = writer.write(plan, sources, 3)
    melody = writer.write(plan, sources, 3, {"melody": 1})
    assert melody.chords == draft.chords
    assert top(parse(melody.abc).voices[0]) != top(parse(draft.abc).voices[0])
    parts = writer.write(plan, sources, 3, {"parts": 1})
    assert top(parse(parts.abc).voices[0]) == top(parse(draft.abc).voices[0])
    assert any(writer.write(plan, sources, 3, {"harmony": n}).chords != draft.chords for n in (1, 2, 3))


def test_it_writes_without_exemplars(planned):
    draft = OfflineWriter().write(planned(3, genre="jig"), [], 1)
    assert check(draft.abc) == []
    assert {use.source for use in draft.uses} == {""}


def test_uses_name_the_exemplars_and_every_bar_of_a_theme(pieces):
    for plan, draft, _, sources in pieces:
        used = [use.bar for use in draft.uses]
        themes = [s for s in draft.form if s.kind == "theme"]
        assert used == sorted(set(used))
        assert (
            {bar for s in themes for bar in range(s.start, s.start + s.bars)}
            <= set(used)
            <= set(range(plan.bars))
        )
        assert {use.source for use in draft.uses} <= {"", *(one.id for one in sources)}


def test_an_unreadable_exemplar_is_named(planned):
    with pytest.raises(NotationError) as caught:
        OfflineWriter().write(
            planned(4, genre="air"), [SimpleNamespace(id="torn", abc="no music here", genre="air")], 1
        )
    assert any("torn" in note for note in caught.value.__notes__)


def test_no_more_than_seven_notes_of_an_exemplar(pieces):
    for _, draft, tune, sources in pieces:
        shapes = Shapes.of([line for one in sources for line in tune_lines(parse(one.abc))])
        assert shapes.longest(melody_line(tune))[0].max() <= 7, draft.abc


@pytest.mark.parametrize("role", ["harmony", "bass"])
@pytest.mark.parametrize("name", METERS)
def test_figures_fit_every_meter(role, name):
    bar = meter(name)
    for figure in table("patterns")[role]:
        for index in range(2):
            strokes = bar_strokes(role, figure, bar, index)
            assert strokes
            for first, following in itertools.pairwise(strokes):
                assert first.offset + first.length <= following.offset
            assert strokes[-1].offset + strokes[-1].length <= bar.length
            assert all((stroke.length * 24).denominator == 1 for stroke in strokes)


def test_grooves_fill_their_bars_evenly():
    record = table("percussion")
    for meters in [*record["grooves"].values(), record["fill"]]:
        for name, lines in meters.items():
            for cells in lines.values():
                step = meter(name.split()[0]).length / len(cells)
                assert (step * 4).denominator == 1, (name, cells)


@pytest.mark.parametrize("family", sorted({style["family"] for style in table("styles")["genres"].values()}))
@pytest.mark.parametrize("mode", ["major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "locrian"])
def test_harmony_has_no_gaps_and_ends_at_home(family, mode):
    from agent.offline.writer.form import sections

    for bars in (4, 7, 16):
        form = sections("AABA", bars)
        spans = harmonise(form, meter("3/4"), tonic("D"), mode, family, random.Random(1))
        assert spans[0].start == 0
        assert spans[-1].end == 3 * bars
        assert all(a.end == b.start for a, b in itertools.pairwise(spans))
        assert spans[-1].chord.root == tonic("D")
