"""The offline mind's maps on real pictures: their sums, the halves they point at, what they say of it."""

import pathlib
import re

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from agent.explaining.decomposition import emotion_parts
from agent.explaining.offline import LEAST, look_inside, network_maps, scene_elements, with_network
from agent.explaining.outcomes import feeling, outcomes, thing
from agent.explaining.pixels import colour_maps
from agent.offline import network
from agent.offline.affect import TARGETS, coefficients, feel, predictors
from agent.offline.colour import see_colour
from agent.offline.network import stranger
from agent.offline.perceive import OfflinePerceiver, analyse
from agent.offline.tables import table
from agent.picture import open_picture
from explain.faithfulness import rank_correlation
from explain.heat import HeatMap

EXAMPLES = pathlib.Path(__file__).parents[3] / "examples" / "images"
#: Example pictures whose scenes stir least, each with one of those that stir most.
PAIRS = {
    "d05_coffee_cup": "nasa-pia03606",
    "met-438031": "met-261941",
    "d04_wine_interior": "d07_astronaut_portrait",
    "d14_abstract_strings": "d06_cat_closeup",
    "d02_dandelions_gold": "d03_autumn_mountain",
    "met-53449": "nasa-as11-40-5873",
}
HALVES = ((0, 0, 0.5, 1), (0.5, 0, 1, 1), (0, 0, 1, 0.5), (0, 0.5, 1, 1))


def opened(name):
    return open_picture(EXAMPLES / f"{name}.jpg")


@pytest.fixture(scope="module")
def cat():
    picture = opened("d06_cat_closeup")
    return picture, OfflinePerceiver().perceive(picture)


@pytest.fixture(scope="module")
def elements(cat):
    return {one.id: one for one in scene_elements(*cat)}


@pytest.mark.parametrize("name", ["d06_cat_closeup", "d04_wine_interior", "d12_painting_stormy_sea"])
def test_the_parts_sum_to_what_the_regression_adds(name):
    picture = opened(name)
    found, seen = analyse(picture), look_inside(picture)
    fit = coefficients()
    standard = np.clip((predictors(found.sight, found.measures) - fit["mean"]) / fit["scale"], -4, 4)
    held = standard[:, None] * fit["weights"]
    for index in range(len(TARGETS)):
        parts = emotion_parts(seen.activity, seen.boxes, np.eye(6)[index])
        assert parts.features.sum() == pytest.approx(held[:1280, index].sum(), abs=1e-6)
        assert parts.texture.sum() == pytest.approx(held[1280:2112, index].sum(), abs=1e-6)
        assert parts.labels.sum() == pytest.approx(0, abs=1e-9)
    assert seen.held == pytest.approx(held[2112:].sum(0))


def test_labels_are_followed_to_first_order():
    """Raise the activity of one place a little: the map says how far labels move the prediction."""
    seen = look_inside(opened("d04_wine_interior"))
    one, fit, linear = seen.activity[0], coefficients(), network._network()._fc
    parts = emotion_parts([one], [(0, 0, 1, 1)], np.eye(6)[1])
    for row, column in ((2, 3), (6, 5)):
        moved = one.last.copy()
        moved[:, row, column] *= 1.001

        def said(last):
            with torch.no_grad():
                scores = linear(torch.from_numpy(last.mean((1, 2), dtype=float)).float())
            return float(scores.double().softmax(0).numpy() @ fit["label_weights"][:, 1])

        step = (said(moved) - said(one.last)) / 0.001
        even = one.last.copy() * np.float32(1.001)  # the mean of all places is taken away from the map
        base = (said(even) - said(one.last)) / 0.001 / 81
        assert parts.labels[row, column] == pytest.approx(step - base, rel=0.05, abs=2e-5)


def test_readings_of_the_whole_picture_are_the_scenes(cat):
    picture, scene = cat
    seen, found = look_inside(picture), analyse(picture)
    affect = feel(found.sight, found.measures)
    asked = outcomes(
        [feeling("valence"), feeling("arousal"), thing("cat"), thing("person")], seen.held, both=True
    )
    (valence, arousal, like_cat, like_person), again = asked([picture, picture])
    report = table("affect")["valence"]
    uncut = report["mean"] + report["spread"] * (affect.raw_valence - report["mean"])
    assert valence == pytest.approx(uncut, abs=1e-4)
    assert arousal == pytest.approx(affect.arousal, abs=1e-4)
    assert like_cat == pytest.approx(
        scene.objects[0].probability, abs=0.02
    )  # small shares are left out there
    assert like_person == pytest.approx(affect.kinds["person"], abs=1e-4)
    assert again == pytest.approx((valence, arousal, like_cat, like_person), abs=0)


def pasted(names, boxes):
    square = Image.new("RGB", (520, 520))
    for name, box in zip(names, boxes, strict=True):
        left, top, right, bottom = (round(520 * part) for part in box)
        square.paste(ImageOps.fit(opened(name), (right - left, bottom - top)), (left, top))
    return square


def test_arousal_is_seen_in_the_stirring_half():
    shares = []
    for number, names in enumerate(PAIRS.items()):
        half, other = HALVES[number % 4], HALVES[number % 4 ^ 1]
        seen = look_inside(pasted(names, (other, half)))
        grid = emotion_parts(seen.activity, seen.boxes, np.eye(6)[1]).total
        shares.append(HeatMap(grid.astype(np.float32), signed=True).share(half))
    assert min(shares) > 0.5
    assert np.mean(shares) > 0.75


def test_two_things_side_by_side_are_told_apart():
    square = Image.new("RGB", (600, 300))
    square.paste(ImageOps.fit(opened("d06_cat_closeup"), (300, 300)), (0, 0))
    square.paste(ImageOps.fit(opened("d05_coffee_cup"), (300, 300)), (300, 0))
    scene = OfflinePerceiver().perceive(square)
    names = [one.name for one in scene.objects]
    maps = network_maps(look_inside(square), scene)
    assert "cat" in names or "coffee" in names
    for name, half in (("cat", (0, 0, 0.5, 1)), ("coffee", (0.5, 0, 1, 1))):
        if name in names:
            assert maps[f"scene.objects.{names.index(name)}"].map.share(half) > 0.7


def test_colours_are_shown_where_they_are():
    pixels = np.zeros((90, 120, 3), np.uint8)
    pixels[:, :60], pixels[:, 60:] = (200, 30, 30), (30, 40, 200)
    found = analyse(Image.fromarray(pixels))
    colour = see_colour(found.lab, found.measures)
    maps = colour_maps(found.lab, colour)
    red = next(place for place, one in enumerate(colour.swatches) if one.hex > "#8")
    assert maps[f"colour.swatches.{red}"].map.share((0, 0, 0.5, 1)) == pytest.approx(1)
    warmth = maps["colour.warmth"].map.values
    assert warmth[:, :12].min() > 0 > warmth[:, 12:].max()
    assert warmth.sum() == pytest.approx(found.measures["warmth"], abs=1e-4)


def test_exact_maps_sum_to_the_measures(cat, elements):
    measures = analyse(cat[0]).measures
    sums = {name: float(one.map.values.sum()) for name, one in elements.items() if one.map}
    assert sums["scene.dynamic.busyness"] == pytest.approx(measures["edges"], abs=1e-5)
    assert sums["scene.dynamic.openness"] == pytest.approx(measures["open"], abs=1e-5)
    assert sums["scene.dynamic.symmetry"] == pytest.approx(2 * measures["symmetry"] - 1, abs=1e-5)
    assert sums["scene.colour.brightness"] == pytest.approx(measures["lightness"] / 100 - 0.5, abs=1e-5)
    swatches = [total for name, total in sums.items() if ".swatches." in name]
    assert sum(swatches) == pytest.approx(1, abs=1e-5)


def test_every_measured_element_has_a_map_or_says_why_not(cat, elements):
    scene = cat[1]
    wanted = {
        "scene.emotion.valence",
        "scene.emotion.arousal",
        "scene.colour.warmth",
        "scene.dynamic.openness",
    }
    wanted |= {f"scene.objects.{place}" for place in range(len(scene.objects))}
    wanted |= {f"scene.colour.swatches.{place}" for place in range(len(scene.colour.swatches))}
    assert wanted <= elements.keys()
    for one in elements.values():
        assert (one.map is None) == bool(one.absent)
        assert bool(one.map) == bool(one.method)


def test_checks_stand_beside_feeling_and_the_first_thing(elements):
    checked = {name for name, one in elements.items() if one.check}
    assert checked <= {"scene.emotion.valence", "scene.emotion.arousal", "scene.objects.0"}
    assert "scene.emotion.valence" in checked
    for name in checked:
        assert elements[name].check.deletion_curve[0] == 1
        assert elements[name].check.text.startswith("Hiding what this map points at takes")


def test_an_even_picture_is_not_checked():
    even = Image.new("RGB", (300, 200), (120, 130, 110))
    found = scene_elements(even, OfflinePerceiver().perceive(even))
    assert LEAST > 0
    assert not any(one.check for one in found)


def test_the_account_of_valence_adds_up(cat, elements):
    found, report = analyse(cat[0]), table("affect")["valence"]
    raw = feel(found.sight, found.measures).raw_valence
    account = elements["scene.emotion.valence"].text.partition("To the average")[2]
    summands = [float(one) for one in re.findall(r"[+-]\d\.\d\d", account)[:5]]
    assert "the network's features add" in account
    assert sum(summands) == pytest.approx(
        report["mean"] + report["spread"] * (raw - report["mean"]), abs=0.03
    )


def test_a_margin_is_not_covered():
    found = scene_elements(*(lambda p: (p, OfflinePerceiver().perceive(p)))(opened("met-261941")))
    for one in found:
        if one.map:
            assert one.map.covers[0] > 0
            assert one.map.covers[2] < 1


def test_the_same_picture_gives_the_same_maps(cat, elements):
    for one in scene_elements(*cat):
        other = elements[one.id]
        assert (one.map is None) == (other.map is None)
        assert one.map is None or one.map.values.tobytes() == other.map.values.tobytes()
        assert one.check == other.check


def test_random_weights_give_other_maps(cat):
    picture, scene = cat
    seen = look_inside(picture)
    strange = with_network(seen, stranger(0))
    assert all(np.isfinite(one.last).all() and one.last.std() > 0 for one in strange.activity)
    mine, other = network_maps(seen, scene), network_maps(strange, scene)
    for name in ("scene.emotion.valence", "scene.objects.0"):
        assert abs(rank_correlation(mine[name].map, other[name].map)) < 0.5
    again = network_maps(with_network(seen, stranger(0)), scene)
    assert (again["scene.objects.0"].map.values == other["scene.objects.0"].map.values).all()
