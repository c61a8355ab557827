"""Every example picture becomes a valid piece that plays, and an independent program agrees on how."""

from __future__ import annotations

import io
import os
import pathlib
import subprocess
from xml.etree import ElementTree

import mido
import pytest

from agent import Agent, Piece
from notation import check, parse
from render import loudness, midi

PICTURES = sorted((pathlib.Path(__file__).parents[2] / "examples" / "images").glob("*.jpg"))


@pytest.fixture(scope="module")
def composer(built_store: pathlib.Path) -> Agent:
    return Agent()


@pytest.fixture(scope="module")
def pieces(composer: Agent) -> dict[str, Piece]:
    return {}


@pytest.fixture
def piece(request: pytest.FixtureRequest, composer: Agent, pieces: dict[str, Piece]) -> Piece:
    path: pathlib.Path = request.param
    if path.stem not in pieces:
        pieces[path.stem] = composer.compose(path)
    return pieces[path.stem]


every_picture = pytest.mark.parametrize("piece", PICTURES, indirect=True, ids=lambda path: path.stem)


def referee(abc: str, folder: pathlib.Path) -> tuple[str, mido.MidiFile]:
    """What abc2midi, run as a program of its own, says of a tune and makes of it."""
    import symusic  # noqa: F401 - names the program in the environment

    source, target = folder / "tune.abc", folder / "tune.mid"
    source.write_text(abc, encoding="utf-8")
    command = [os.environ["SYMUSIC_ABC2MIDI"], str(source), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr, mido.MidiFile(target)


def note_ons(file: mido.MidiFile) -> list[tuple[int, int]]:
    """Pitch and whether it is a drum, of every note that starts, sorted."""
    messages = (message for track in file.tracks for message in track)
    return sorted((m.note, m.channel == 9) for m in messages if m.type == "note_on" and m.velocity > 0)


def test_there_are_24_pictures() -> None:
    assert len(PICTURES) == 24


@every_picture
def test_score_is_valid_and_has_the_planned_bars(piece: Piece) -> None:
    assert check(piece.abc) == []
    tune = parse(piece.abc)
    assert len(tune.voices) >= 3
    assert {len(voice.bars) for voice in tune.voices} == {piece.plan.bars}


@every_picture
def test_independent_program_agrees(piece: Piece, tmp_path: pathlib.Path) -> None:
    said, theirs = referee(piece.abc, tmp_path)
    assert "rror" not in said
    assert "arning" not in said
    written = midi(piece.tune, swing=piece.plan.rhythm.swing)
    ours = mido.MidiFile(file=io.BytesIO(written))
    assert note_ons(ours) == note_ons(theirs)
    # abc2midi rounds its tempo to whole beats a minute and starts at tick 1
    assert ours.length == pytest.approx(theirs.length, rel=0.004, abs=0.05)


@every_picture
def test_what_is_played_is_what_is_written(piece: Piece) -> None:
    """Played with a player's freedom: the same keys as often, nowhere far from their time."""
    played = mido.MidiFile(file=io.BytesIO(piece.midi))
    straight = mido.MidiFile(file=io.BytesIO(midi(piece.tune, swing=piece.plan.rhythm.swing)))
    assert note_ons(played) == note_ons(straight)
    assert piece.midi != midi(piece.tune, swing=piece.plan.rhythm.swing)
    assert 1.0 <= played.length / straight.length < 1.08


@every_picture
def test_sound_is_neither_silent_nor_clipped(piece: Piece) -> None:
    measured = loudness(piece.audio())
    assert not measured.silent
    assert not measured.clipped
    assert measured.peak_dbfs == pytest.approx(-1.0, abs=0.05)
    assert measured.rms_dbfs > -40


@every_picture
def test_page_and_musicxml_are_well_formed(piece: Piece) -> None:
    assert ElementTree.fromstring(piece.musicxml.encode()).tag == "score-partwise"
    assert piece.svg
    for page in piece.svg:
        assert ElementTree.fromstring(page.encode()).tag.endswith("svg")


def test_pieces_differ(composer: Agent, pieces: dict[str, Piece]) -> None:
    for path in PICTURES:
        if path.stem not in pieces:
            pieces[path.stem] = composer.compose(path)
    assert len({piece.abc.split("K:", 1)[1] for piece in pieces.values()}) == 24
    plans = [piece.plan for piece in pieces.values()]
    assert len({plan.genre for plan in plans}) >= 8
    assert len({plan.key for plan in plans}) >= 8
    assert len({plan.meter for plan in plans}) >= 3
    assert max(plan.tempo for plan in plans) - min(plan.tempo for plan in plans) >= 40


def test_same_seed_gives_the_same_bytes(composer: Agent, pieces: dict[str, Piece]) -> None:
    for path in PICTURES[:3]:
        first = pieces.get(path.stem) or composer.compose(path)
        again = Agent(store=composer.store).compose(path)
        assert (again.abc, again.midi, again.musicxml) == (first.abc, first.midi, first.musicxml)
        assert (again.audio() == first.audio()).all()
        assert again.manifest() == first.manifest()


def test_another_seed_gives_another_piece(composer: Agent) -> None:
    assert composer.compose(PICTURES[0], seed=1).abc != composer.compose(PICTURES[0], seed=2).abc
