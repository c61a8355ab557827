"""The offline writer's pieces as music: melody, form, accompaniment, cadences."""

import itertools
from fractions import Fraction as F

from agent.keys import parse_key
from agent.offline.writer.meter import meter
from agent.offline.writer.theory import tonic


def test_melodies_sing(pieces, top):
    for plan, draft, tune, _ in pieces:
        line = top(tune.voices[0])
        moves = [b[1] - a[1] for a, b in itertools.pairwise(line)]
        assert max(map(abs, moves)) <= 12, draft.abc
        assert sum(abs(move) >= 5 for move in moves) / len(moves) < 0.45
        filled = sum(length for *_, length, _ in line)
        if plan.genre != "chorale":  # whose lines end on held notes instead
            assert filled < meter(plan.meter).length * plan.bars  # it breathes
        repeats = max((len(list(run)) for move, run in itertools.groupby(moves) if move == 0), default=0)
        assert repeats <= 7
        assert 7 <= max(n[1] for n in line) - min(n[1] for n in line) <= 21


def test_no_bar_of_melody_sounds_more_than_three_times_running(pieces, top):
    for plan, draft, tune, _ in pieces:
        length = meter(plan.meter).length
        bars = [
            tuple((n[0] % length, n[1], n[2]) for n in notes)
            for _, notes in itertools.groupby(top(tune.voices[0]), key=lambda n: n[3])
        ]
        assert max(len(list(run)) for _, run in itertools.groupby(bars)) <= 3, draft.abc


def test_rhythm_is_neither_a_wall_nor_without_a_motif(pieces, top):
    for plan, draft, tune, _ in pieces:
        length = meter(plan.meter).length
        rhythms = [
            tuple((n[0] % length, n[2]) for n in notes)
            for _, notes in itertools.groupby(top(tune.voices[0]), key=lambda n: n[3])
        ]
        assert len(set(rhythms)) >= 3, draft.abc
        assert max(map(rhythms.count, rhythms)) <= 0.8 * len(rhythms)


def test_pieces_close(pieces, top):
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


def test_phrases_end_on_chord_tones(pieces, top):
    hits = total = 0
    for plan, draft, tune, _ in pieces:
        length = meter(plan.meter).length
        others = [voice for voice in tune.voices[1:] if not voice.percussion]
        themes = (section for section in draft.form if section.kind == "theme")
        for phrase in (phrase for section in themes for phrase in section.phrases):
            end = (phrase.start + phrase.bars) * length
            inside = [n for n in top(tune.voices[0]) if end - length <= n[0] < end]
            onset, pitch, held, _ = max(inside, key=lambda n: n[2])  # where it lands; an upbeat may follow
            sounding = {
                n.pitch % 12
                for voice in others
                for n in voice.notes
                if n.onset < onset + held and n.onset + n.duration > onset
            }
            total += 1
            hits += pitch % 12 in sounding
    assert hits / total > 0.8  # a thin accompaniment leaves tones of its chord out


def test_one_climax_between_a_third_and_four_fifths(pieces, top):
    good = 0
    for _, _, tune, _ in pieces:
        line = top(tune.voices[0])
        peak = max(n[1] for n in line)
        first = next(n[0] for n in line if n[1] == peak) / tune.voices[0].duration
        good += F(1, 3) <= first <= F(4, 5)
    assert good >= 0.85 * len(pieces)


def test_sections_return_and_contrast(pieces, top):
    returns, contrasts = [], []
    for plan, draft, tune, _ in pieces:
        length, line = meter(plan.meter).length, top(tune.voices[0])
        heard = {}
        for section in (section for section in draft.form if section.kind == "theme"):
            start, end = section.start * length, (section.start + section.bars) * length
            notes = {(n[0] - start, n[1], n[2]) for n in line if start <= n[0] < end}
            if section.letter in heard:
                returns.append(len(notes & heard[section.letter]) / len(notes))
            else:
                contrasts += [len(notes & other) / len(notes) for other in heard.values()]
                heard[section.letter] = notes
    assert sum(share >= 0.5 for share in returns) >= 0.9 * len(returns)  # some are decorated
    assert min(returns) > 0.25
    assert sum(share < 0.4 for share in contrasts) >= 0.9 * len(contrasts)


def test_accompaniment_keeps_its_place(pieces, top):
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


def test_the_bass_does_not_leap_over_an_octave(pieces, top):
    for _, draft, tune, _ in pieces:
        bass = top(next(voice for voice in tune.voices if voice.id == "B"))
        assert max((abs(b[1] - a[1]) for a, b in itertools.pairwise(bass)), default=0) <= 14, draft.abc


def test_the_counter_line_moves_and_does_not_clash(pieces, top):
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


def test_chord_symbols_say_what_the_bass_plays(pieces, top):
    hits = total = 0
    for _, _, tune, _ in pieces:
        bass = top(next(voice for voice in tune.voices if voice.id == "B"))
        for mark in (mark for voice in tune.voices for mark in voice.chords):
            low = mark.text.rpartition("/")[2]  # what stands under the stroke, else the root
            root = low[:2] if low[1:2] in ("#", "b") else low[:1]
            found = [n for n in bass if n[0] == mark.onset]
            total += bool(found)
            hits += bool(found) and found[0][1] % 12 == tonic(root).pc
    assert hits / total > 0.95
