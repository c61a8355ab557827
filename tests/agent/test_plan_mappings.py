"""The mappings as numbers: the published figures at their places, and the direction of every effect."""

import json
import math
from importlib import resources

import pytest

from agent.controls import Controls
from agent.genres import genre
from agent.offline.expression import foreseen_arousal, usual_arousal
from agent.offline.mappings import interpolate, mapping, palette_lift, quadrant
from agent.offline.plan import OfflinePlanner
from agent.offline.reading import colour_family
from agent.offline.tonality import nearest_key
from prompts import Colour, Scene, Swatch


@pytest.mark.parametrize(
    ("name", "figures"),  # V+A+, V-A+, V-A-, V+A-, as published
    [
        ("tempo", (139, 124, 100, 98)),
        ("density", (9.5, 11.2, 5.2, 5.2)),
        ("velocity", (77, 79, 54, 53)),
        ("note_seconds", (0.33, 0.43, 1.0, 0.66)),
        ("range", (56, 58, 46, 45)),
        ("major", (0.81, 0.27, 0.43, 0.73)),
    ],
)
def test_quadrant_means_stand_at_their_corners(name, figures):
    places = ((0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5), (0.5, -0.5))
    for (valence, arousal), figure in zip(places, figures, strict=True):
        assert quadrant(name, valence, arousal) == pytest.approx(figure, abs=0.5 if figure > 2 else 0.01)
    middle = sum(quadrant(name, *place) for place in places) / 4
    assert quadrant(name, 0, 0) == pytest.approx(middle)


def test_nothing_leaves_its_limits():
    for name in ("tempo", "density", "velocity", "note_seconds", "range", "major"):
        record = mapping("quadrants")[name]
        for valence in (-1, -0.3, 0, 0.7, 1):
            for arousal in (-1, -0.3, 0, 0.7, 1):
                assert record["low"] <= quadrant(name, valence, arousal) <= record["high"]


@pytest.mark.parametrize(
    ("name", "sign"), [("tempo", 1), ("density", 1), ("velocity", 1), ("note_seconds", -1), ("range", 1)]
)
def test_arousal_moves_each_the_published_way(name, sign):
    for valence in (-0.8, 0.0, 0.8):
        assert sign * (quadrant(name, valence, 0.8) - quadrant(name, valence, -0.8)) > 0


def test_valence_carries_major():
    assert quadrant("major", 0.8, 0.5) > quadrant("major", 0.0, 0.5) > quadrant("major", -0.8, 0.5)


def _colour(*swatches: tuple[float, float, float]) -> Colour:
    return Colour(
        swatches=[
            Swatch(name="x", hex="#000000", lightness=L, a=a, b=b, share=1 / len(swatches))
            for L, a, b in swatches
        ]
    )


def test_light_strong_colours_lift_and_dark_grey_ones_weigh_down():
    yellow, slate = palette_lift(_colour((85, 0, 70))), palette_lift(_colour((20, 0, -3)))
    assert yellow > 0.4 and slate < -0.4
    assert abs(palette_lift(_colour((48.7, 2.4, 5.8)))) < 0.4  # an average photograph
    assert palette_lift(Colour()) == 0.0
    both = palette_lift(_colour((85, 0, 70), (20, 0, -3)))
    assert slate < both < yellow


def test_palette_lift_by_hand():
    """One grey swatch at the mean L*, a*, b*: only its chroma is off, by (hypot - 16.8) / 11.8."""
    z = (math.hypot(2.4, 5.8) - 16.8) / 11.8
    assert palette_lift(_colour((48.7, 2.4, 5.8))) == pytest.approx(math.tanh((0.72 + 0.61) * z / 3.0))


@pytest.mark.parametrize(
    ("lab", "family"),  # CIELAB of well-known sRGB colours
    [
        ((53, 80, 67), "red"),
        ((97, -22, 94), "yellow"),
        ((32, 79, -108), "blue"),
        ((88, -86, 83), "green"),
        ((91, -48, -14), "cyan"),
        ((5, 0, 0), "black"),
        ((100, 0, 0), "white"),
        ((54, 0, 0), "grey"),
        ((28, 17, 38), "brown"),
        ((75, 1, 76), "gold"),
        ((70, 55, -11), "pink"),
    ],
)
def test_colour_families(lab, family):
    assert colour_family(*lab) == family


def test_the_hue_convention_runs_up_the_circle_of_fifths_and_closes():
    points = mapping("tonic")["hues"]
    hues = [hue for hue, _ in points]
    assert hues == sorted(hues) and hues[0] == 0 and hues[-1] == 360
    assert (points[0][1] - points[-1][1]) % 12 == pytest.approx(0)
    names = {colour: nearest_key(interpolate(points, hue), "major", 7).tonic for colour, hue in
             [("red", 40), ("orange", 62), ("yellow", 88), ("green", 115)]}  # fmt: skip
    assert names == {"red": "C", "orange": "G", "yellow": "D", "green": "A"}  # Skryabin


def test_keys_stay_within_the_accidentals_their_players_take():
    for place in range(12):
        for mode in ("major", "minor", "dorian", "lydian"):
            for most in (3, 4, 5):
                assert abs(nearest_key(place, mode, most).fifths) <= most
    assert nearest_key(1, "major", 7).tonic == "G"
    assert nearest_key(-1, "major", 7).tonic == "F"


def test_a_lively_pace_is_foreseen_as_lively():
    slow = foreseen_arousal(tempo=60, meter="4/4", density=2.0, note_length=1.5)
    assert slow < foreseen_arousal(tempo=100, meter="4/4", density=2.0, note_length=1.5)
    assert slow < foreseen_arousal(tempo=60, meter="4/4", density=5.0, note_length=1.5)
    assert slow < foreseen_arousal(tempo=60, meter="4/4", density=2.0, note_length=0.5)
    in_beats = foreseen_arousal(tempo=150, meter="6/8", density=4.0, note_length=1.0)
    assert in_beats < foreseen_arousal(tempo=150, meter="3/4", density=4.0, note_length=1.0)


def test_dances_are_livelier_by_their_nature_than_slow_songs():
    dances, songs = ("reel", "jig", "polka", "samba"), ("lullaby", "ambient", "air", "ballad", "chorale")
    assert min(usual_arousal(genre(name)) for name in dances) > 0.3
    assert max(usual_arousal(genre(name)) for name in songs) < -0.2


@pytest.mark.parametrize("name", ["ballad", "samba"])
def test_loudness_makes_up_for_what_the_pace_lacks(name):
    """For one picture a slow genre is played louder than its pace alone would have it, a fast one softer."""
    scene = Scene(
        emotion={"words": ["picture"], "valence": 0.2, "arousal": -0.11},
        dynamic={"words": ["still"]},
        colour={"contrast": 0.5},
        description="",
    )
    made = OfflinePlanner().plan(scene, Controls.parse(genre=name), 3)
    effect = next(one.effect for one in made.causes["dynamics"] if one.scene == "plan.rhythm")
    added = int(effect.split("adds ")[1])
    assert added > 0 if name == "ballad" else added < 0
    low, _, high = genre(name).tempo
    assert low <= made.tempo <= high


def test_modes_stand_at_the_places_that_listeners_gave_them():
    places = mapping("mode")["place"]
    assert places["major"] > places["mixolydian"] > places["lydian"] > places["dorian"]
    assert places["dorian"] > places["minor"] > places["phrygian"] > places["locrian"]


def test_every_mapping_has_its_formula_and_source():
    records = json.loads(resources.files("agent").joinpath("data/mappings.json").read_text(encoding="utf-8"))
    for name, record in records.items():
        assert record["formula"], name
        assert "source" in record or name in ("quadrants", "note_length"), name
    for name, record in records["quadrants"].items():
        if isinstance(record, dict):
            assert record["source"] and record["unit"], name
    assert "convention, not a finding" in records["tonic"]["source"]
