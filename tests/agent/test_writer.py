"""The offline writer on plans of the offline planner: every genre, meter, mode, and odd line-ups."""

import itertools
import os
import pathlib
import random
import subprocess
from fractions import Fraction as F
from types import SimpleNamespace

import pytest

from agent.controls import Controls
from agent.keys import parse_key
from agent.offline.plan import OfflinePlanner
from agent.offline.writer import OfflineWriter
from agent.offline.writer.harmony import harmonise
from agent.offline.writer.meter import meter
from agent.offline.writer.originality import copies, line_of
from agent.offline.writer.pattern import bar_strokes, table
from agent.offline.writer.theory import tonic
from chiaroscore import NotationError
from notation import check, instrument, parse
from prompts import Colour, Dynamic, Emotion, Scene

STORE = pathlib.Path(__file__).parents[2] / "rag_store" / "data" / "exemplars"
EXEMPLARS = [
    SimpleNamespace(id=path.stem, abc=path.read_text(), genre=path.stem[:-3].replace("-", " "))
    for path in sorted(STORE.glob("*.abc"))
]
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


def scene(valence=0.2, arousal=0.1):
    return Scene(
        emotion=Emotion(words=["calm"], valence=valence, arousal=arousal),
        dynamic=Dynamic(words=["still"]),
        colour=Colour(),
        description="A view.",
    )


def planned(seed, valence=0.2, arousal=0.1, **asked):
    return OfflinePlanner().plan(scene(valence, arousal), Controls.parse(**asked), seed)


def exemplars(genre, count=4, seed=0):
    own = [one for one in EXEMPLARS if one.id.startswith(genre.replace(" ", "-") + "-")]
    return own + random.Random(seed).sample(EXEMPLARS, count - 2)


def odd_plan(at):
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
    if asked["genre"] == "reel":  # at the tempo of a reel some meters are beyond what a plan may hold
        asked["tempo"] = 200
    return planned(at, rng.uniform(-1, 1), rng.uniform(-1, 1), **asked)


def own_plans(count):
    """Plans as pictures give them, the genre asked for."""
    for at in range(count):
        rng = random.Random(at)
        yield at, planned(at, rng.uniform(-1, 1), rng.uniform(-1, 1), genre=GENRES[at % 27])


@pytest.fixture(scope="module")
def pieces():
    made = []
    for at, plan in own_plans(40):
        sources = exemplars(plan.genre, seed=at)
        draft = OfflineWriter().write(plan, sources, at)
        made.append((plan, draft, parse(draft.abc), sources))
    return made


def top(voice):
    """Highest notes with ties joined: (onset, pitch, length, bar)."""
    line = []
    for note in sorted(voice.notes, key=lambda n: (n.onset, -n.pitch)):
        if line and line[-1][0] == note.onset:
            continue
        if note.tie_stop and line and line[-1][0] + line[-1][2] == note.onset:
            onset, pitch, length, bar = line[-1]
            line[-1] = (onset, pitch, length + note.duration, bar)
        else:
            line.append((note.onset, note.pitch, note.duration, note.bar))
    return line


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
def test_every_score_is_faultless(at, tmp_path):
    plan = odd_plan(at)
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


def test_same_seed_same_text_and_other_seeds_other_music():
    plan = planned(1, genre="waltz")
    texts = [OfflineWriter().write(plan, exemplars("waltz"), seed).abc for seed in (5, 5, 6)]
    assert texts[0] == texts[1] != texts[2]


def test_redo_rewrites_only_what_it_names():
    plan = planned(2, genre="ballad")
    writer, sources = OfflineWriter(), exemplars("ballad")
    draft = writer.write(plan, sources, 3)
    melody = writer.write(plan, sources, 3, {"melody": 1})
    assert melody.chords == draft.chords
    assert top(parse(melody.abc).voices[0]) != top(parse(draft.abc).voices[0])
    parts = writer.write(plan, sources, 3, {"parts": 1})
    assert top(parse(parts.abc).voices[0]) == top(parse(draft.abc).voices[0])
    assert any(writer.write(plan, sources, 3, {"harmony": n}).chords != draft.chords for n in (1, 2, 3))


def test_it_writes_without_exemplars():
    draft = OfflineWriter().write(planned(3, genre="jig"), [], 1)
    assert check(draft.abc) == []
    assert {use.source for use in draft.uses} == {""}


def test_uses_name_the_exemplars_and_every_bar(pieces):
    for plan, draft, _, sources in pieces:
        assert [use.bar for use in draft.uses] == list(range(plan.bars))
        assert {use.source for use in draft.uses} <= {"", *(one.id for one in sources)}


def test_an_unreadable_exemplar_is_named():
    with pytest.raises(NotationError) as caught:
        OfflineWriter().write(
            planned(4, genre="air"), [SimpleNamespace(id="torn", abc="no music here", genre="air")], 1
        )
    assert any("torn" in note for note in caught.value.__notes__)


def test_no_more_than_seven_notes_of_an_exemplar(pieces):
    for _, draft, tune, sources in pieces:
        melody = [
            SimpleNamespace(start=onset, length=length, pitches=(pitch,))
            for onset, pitch, length, _ in top(tune.voices[0])
        ]
        assert not copies(melody, [line_of(parse(one.abc)) for one in sources]), draft.abc


def test_melodies_sing(pieces):
    for plan, draft, tune, _ in pieces:
        line = top(tune.voices[0])
        moves = [b[1] - a[1] for a, b in itertools.pairwise(line)]
        assert max(map(abs, moves)) <= 12, draft.abc
        assert sum(abs(move) >= 5 for move in moves) / len(moves) < 0.45
        assert sum(length for *_, length, _ in line) < meter(plan.meter).length * plan.bars  # it breathes
        repeats = max((len(list(run)) for move, run in itertools.groupby(moves) if move == 0), default=0)
        assert repeats <= 7
        assert 9 <= max(n[1] for n in line) - min(n[1] for n in line) <= 21


def test_no_bar_of_melody_sounds_more_than_three_times_running(pieces):
    for plan, draft, tune, _ in pieces:
        length = meter(plan.meter).length
        bars = [
            tuple((n[0] % length, n[1], n[2]) for n in notes)
            for _, notes in itertools.groupby(top(tune.voices[0]), key=lambda n: n[3])
        ]
        assert max(len(list(run)) for _, run in itertools.groupby(bars)) <= 3, draft.abc


def test_rhythm_is_neither_a_wall_nor_without_a_motif(pieces):
    for plan, draft, tune, _ in pieces:
        length = meter(plan.meter).length
        rhythms = [
            tuple((n[0] % length, n[2]) for n in notes)
            for _, notes in itertools.groupby(top(tune.voices[0]), key=lambda n: n[3])
        ]
        assert len(set(rhythms)) >= 3, draft.abc
        assert max(map(rhythms.count, rhythms)) <= 0.8 * len(rhythms)


def test_pieces_close(pieces):
    for plan, draft, tune, _ in pieces:
        key, last = parse_key(plan.key), plan.bars
        end = meter(plan.meter).length * plan.bars
        onset, pitch, length, bar = top(tune.voices[0])[-1]
        assert pitch % 12 == key.tonic_class
        assert (bar, onset + length) == (last, end)
        bass = top(next(voice for voice in tune.voices if voice.id == "B"))[-1]
        assert bass[1] % 12 == key.tonic_class
        assert bass[0] + bass[2] == end
        assert draft.abc.count("|]") == len(tune.voices)


def test_phrases_end_on_chord_tones(pieces):
    hits = total = 0
    for plan, draft, tune, _ in pieces:
        length = meter(plan.meter).length
        others = [voice for voice in tune.voices[1:] if not voice.percussion]
        for phrase in (phrase for section in draft.form for phrase in section.phrases):
            inside = [n for n in top(tune.voices[0]) if n[0] < (phrase.start + phrase.bars) * length]
            onset, pitch, *_ = inside[-1]
            sounding = {
                n.pitch % 12
                for voice in others
                for n in voice.notes
                if n.onset < onset + 1 and n.onset + n.duration > onset
            }
            total += 1
            hits += pitch % 12 in sounding
    assert hits / total > 0.8  # a thin accompaniment leaves tones of its chord out


def test_one_climax_between_a_third_and_four_fifths(pieces):
    good = 0
    for _, _, tune, _ in pieces:
        line = top(tune.voices[0])
        peak = max(n[1] for n in line)
        first = next(n[0] for n in line if n[1] == peak) / tune.voices[0].duration
        good += F(1, 3) <= first <= F(4, 5)
    assert good >= 0.85 * len(pieces)


def test_sections_return_and_contrast(pieces):
    returns, contrasts = [], []
    for plan, draft, tune, _ in pieces:
        length, line = meter(plan.meter).length, top(tune.voices[0])
        heard = {}
        for section in draft.form:
            start, end = section.start * length, (section.start + section.bars) * length
            notes = {(n[0] - start, n[1], n[2]) for n in line if start <= n[0] < end}
            if section.letter in heard:
                returns.append(len(notes & heard[section.letter]) / len(notes))
            else:
                contrasts += [len(notes & other) / len(notes) for other in heard.values()]
                heard[section.letter] = notes
    assert sum(share >= 0.7 for share in returns) >= 0.85 * len(returns)
    assert min(returns) > 0.25
    assert sum(share < 0.4 for share in contrasts) >= 0.9 * len(contrasts)


def test_accompaniment_keeps_its_place(pieces):
    for _, draft, tune, _ in pieces:
        melody = top(tune.voices[0])
        above = mud = count = 0
        for voice in (voice for voice in tune.voices if voice.id[0] in "HP"):
            for onset, notes in itertools.groupby(
                sorted(voice.notes, key=lambda n: n.onset), key=lambda n: n.onset
            ):
                pitches = sorted(note.pitch for note in notes)
                over = next((n[1] for n in melody if n[0] <= onset < n[0] + n[2]), 127)
                count += 1
                above += pitches[-1] > over
                mud += any(low < 48 and high - low < 5 for low, high in itertools.pairwise(pitches))
        assert above <= 0.45 * count, draft.abc
        assert mud <= 0.5 * count, draft.abc


def test_the_bass_does_not_leap_over_an_octave(pieces):
    for _, draft, tune, _ in pieces:
        bass = top(next(voice for voice in tune.voices if voice.id == "B"))
        assert max((abs(b[1] - a[1]) for a, b in itertools.pairwise(bass)), default=0) <= 14, draft.abc


def test_the_counter_line_moves_and_does_not_clash(pieces):
    for plan, draft, tune, _ in pieces:
        bar = meter(plan.meter)
        for voice in (voice for voice in tune.voices if voice.id.startswith("C")):
            line = top(voice)
            still = sum(a[1] == b[1] for a, b in itertools.pairwise(line))
            assert still <= 0.5 * len(line), draft.abc
            clashes = 0
            for onset, pitch, *_ in line:
                over = next((n[1] for n in top(tune.voices[0]) if n[0] <= onset < n[0] + n[2]), None)
                strong = bar.strength(onset % bar.length) >= 2
                clashes += over is not None and strong and abs(over - pitch) % 12 in (1, 11)
            assert clashes <= 0.1 * len(line), draft.abc


def test_dynamics_stand_in_every_voice(pieces):
    for _, _, tune, _ in pieces:
        for voice in tune.voices:
            assert voice.dynamics[0].onset == 0
            opened = [mark.text for mark in voice.dynamics if mark.text.startswith("crescendo")]
            assert opened == ["crescendo(", "crescendo)"] * (len(opened) // 2)


def test_articulation_is_written(pieces):
    kinds = set()
    for plan, draft, tune, _ in pieces:
        notes = tune.voices[0].notes
        slurs = sum(note.slur_start for note in notes)
        dots = sum("staccato" in note.decorations for note in notes)
        kind = plan.rhythm.articulation
        kinds.add(kind)
        assert (slurs > 0) is (kind == "legato"), draft.abc
        assert dots == 0 or kind == "staccato"
    assert kinds == {"legato", "normal", "staccato"}


def test_chord_symbols_say_what_the_bass_plays(pieces):
    hits = total = 0
    for _, _, tune, _ in pieces:
        bass = top(next(voice for voice in tune.voices if voice.id == "B"))
        for mark in (mark for voice in tune.voices for mark in voice.chords):
            root = mark.text[:2] if mark.text[1:2] in ("#", "b") else mark.text[:1]
            found = [n for n in bass if n[0] == mark.onset]
            total += bool(found)
            hits += bool(found) and found[0][1] % 12 == tonic(root).pc
    assert hits / total > 0.95


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
                step = meter(name).length / len(cells)
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
