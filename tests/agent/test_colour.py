"""Colour measures against colours whose Lab values are known, and dominant colours of pictures made here."""

import math

import numpy as np
import pytest
from PIL import Image

from agent.offline.colour import colour_measures, colour_name, lab_pixels, see_colour, swatches
from agent.offline.tables import table


def plain(colour, size=(40, 30)):
    return lab_pixels(Image.new("RGB", size, colour))


def seen(picture):
    lab = lab_pixels(picture)
    return see_colour(lab, colour_measures(lab))


# CIE L*a*b* (D65) of the sRGB primaries, as printed in textbooks (Lindbloom, CIE colour calculator)
@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        ("red", (53.24, 80.09, 67.20)),
        ("lime", (87.73, -86.18, 83.18)),
        ("blue", (32.30, 79.19, -107.86)),
        ("white", (100, 0, 0)),
        ("black", (0, 0, 0)),
        ("#808080", (53.59, 0, 0)),
    ],
)
def test_lab_of_known_colours(colour, lab):
    assert plain(colour)[0, 0] == pytest.approx(lab, abs=0.05)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#000000", "black"),
        ("#ffffff", "white"),
        ("#ff0000", {"red", "bright red"}),
        ("#000080", {"navy", "dark blue", "indigo"}),
        ("#87ceeb", {"sky blue", "light blue", "baby blue"}),
        ("#808000", {"olive", "olive green"}),
        ("#ffa500", {"orange", "tangerine", "light orange", "amber"}),
        ("#40e0d0", {"turquoise", "aqua"}),
        ("#808080", "grey"),
        ("#8b4513", {"brown", "sienna", "reddish brown", "rust"}),
    ],
)
def test_names_of_known_colours(colour, name):
    assert colour_name(plain(colour)[0, 0]) in ({name} if isinstance(name, str) else name)


def test_the_table_of_names_is_sound():
    rows = table("colour_names")["colours"]
    assert len({row["name"] for row in rows}) == len(rows) >= 100
    for row in rows:
        assert plain(row["hex"])[0, 0] == pytest.approx(row["lab"], abs=0.01)
        assert colour_name(np.array(row["lab"])) == row["name"]


def test_a_plain_picture_has_one_colour():
    (one,) = swatches(plain("#40e0d0"))
    assert (one.name, one.hex, one.share) == ("aqua", "#40e0d0", 1.0)


def test_shares_of_stripes():
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[:, :50], pixels[:, 50:80], pixels[:, 80:] = (20, 40, 160), (240, 230, 60), (250, 250, 250)
    found = swatches(lab_pixels(Image.fromarray(pixels)))
    assert [one.share for one in found] == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
    assert [one.hex for one in found] == ["#1428a0", "#f0e63c", "#fafafa"]


def test_noise_of_one_colour_stays_one_colour():
    rng = np.random.default_rng(3)
    pixels = np.clip(rng.normal((150, 90, 60), 5, (80, 80, 3)), 0, 255).astype(np.uint8)
    assert len(swatches(lab_pixels(Image.fromarray(pixels)))) == 1


def test_at_most_five_colours_with_different_names():
    rng = np.random.default_rng(4)
    pixels = np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((12, 12, 1))).astype(np.uint8)
    found = swatches(lab_pixels(Image.fromarray(pixels)))
    assert 2 <= len(found) <= 5
    assert len({one.name for one in found}) == len(found)
    assert sorted((one.share for one in found), reverse=True) == [one.share for one in found]
    assert sum(one.share for one in found) <= 1.001


def test_size_hardly_matters():
    blocks = np.array([[(200, 30, 40), (30, 60, 180)], [(240, 220, 90), (20, 90, 50)]])
    small = Image.fromarray(np.kron(blocks, np.ones((50, 75, 1))).astype(np.uint8))
    large = small.resize((900, 600), Image.Resampling.NEAREST)
    one, other = seen(small), seen(large)
    assert one.brightness == pytest.approx(other.brightness, abs=0.02)
    assert one.saturation == pytest.approx(other.saturation, abs=0.02)
    assert {s.name for s in one.swatches} == {s.name for s in other.swatches}
    assert len(one.swatches) == 4


def test_warmth_follows_the_formula_of_ou():
    lab = plain("#e07820")
    lightness, a, b = lab[0, 0]
    expected = 0.02 * math.hypot(a, b) ** 1.07 * math.cos(math.atan2(b, a) - math.radians(50))
    assert colour_measures(lab)["warmth"] == pytest.approx(expected)
    assert colour_measures(lab)["lightness"] == pytest.approx(lightness)


def test_words_and_measures_of_extremes():
    black, white, grey = (
        seen(Image.new("RGB", (9, 9))),
        seen(Image.new("RGB", (9, 9), "white")),
        seen(Image.new("L", (9, 9), 119).convert("RGB")),
    )
    assert black.brightness == 0 and "very dark" in black.words
    assert white.brightness == 1 and "bright" in white.words
    assert black.saturation == white.saturation == grey.saturation < 0.01
    assert all("black and white" in one.words and "soft" in one.words for one in (black, white, grey))
    assert grey.brightness == pytest.approx(0.5, abs=0.01)
    assert abs(grey.warmth) < 0.01


def test_warm_cool_and_vivid():
    fire, ice = seen(Image.new("RGB", (9, 9), "#ff6010")), seen(Image.new("RGB", (9, 9), "#2060ff"))
    assert fire.warmth == 1 and ice.warmth < -0.5
    assert {"warm", "vivid"} <= set(fire.words)
    assert {"cool", "vivid"} <= set(ice.words)


def test_more_colour_is_more_saturation():
    values = [
        seen(Image.new("HSV", (9, 9), (20, s, 200)).convert("RGB")).saturation
        for s in (0, 20, 40, 80, 160, 255)
    ]
    assert values == sorted(values) and len(set(values)) >= 5
