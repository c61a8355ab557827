"""Composition measures on pictures whose composition is known, and margins."""

import numpy as np
import pytest
from PIL import Image

from agent.offline.colour import lab_pixels
from agent.offline.composition import composition_measures, rank_composition
from agent.offline.frame import inner_box
from agent.offline.labels import starry


def measured(pixels):
    pixels = np.asarray(pixels, dtype=np.uint8)
    return composition_measures(
        lab_pixels(Image.fromarray(np.stack([pixels] * 3, axis=-1) if pixels.ndim == 2 else pixels))
    )


def board(cells, size=240):
    return np.kron(np.indices((cells, cells)).sum(0) % 2 * 255, np.ones((size // cells,) * 2))


def test_a_plain_picture_is_still_even_and_open():
    for shade in (0, 130, 255):
        found = measured(np.full((120, 160), shade))
        assert found["edges"] == 0
        assert found["symmetry"] == 1
        assert found["open"] == 1
        assert found["light_above"] == pytest.approx(0)


def test_finer_boards_are_busier():
    busy = [measured(board(cells))["edges"] for cells in (2, 4, 8, 16, 30)]
    assert busy == sorted(busy)
    assert busy[0] < 0.05 and busy[-1] > 0.4


def test_symmetry_of_mirror_images_and_opposites():
    rng = np.random.default_rng(1)
    half = np.kron(rng.integers(0, 256, (6, 4)), np.ones((30, 30)))
    even = measured(np.hstack([half, half[:, ::-1]]))["symmetry"]
    odd = measured(np.hstack([half, 255 - half[:, ::-1]]))["symmetry"]
    assert even == pytest.approx(1, abs=0.01)
    assert odd < 0.1
    ramp = measured(np.tile(np.linspace(0, 255, 200), (100, 1)))["symmetry"]
    assert ramp == pytest.approx(0, abs=0.02)


def test_the_open_share_is_the_sky():
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 256, (200, 200))
    pixels[:120] = 200
    assert measured(pixels)["open"] == pytest.approx(
        0.58, abs=0.03
    )  # 120 rows of 200, less the window's half at the border


def test_small_smooth_spots_are_not_open():
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 256, (200, 200))
    for y in range(10, 190, 40):
        pixels[y : y + 20, 30:50] = 128
    assert measured(pixels)["open"] == 0


def test_where_the_light_is():
    ramp = np.tile(np.linspace(255, 0, 150)[:, None], (1, 100))
    assert measured(ramp)["light_above"] > 50
    assert measured(ramp[::-1])["light_above"] < -50


def stars(count, ground=5, size=256, seed=0):
    rng = np.random.default_rng(seed)
    pixels = np.full((size, size), ground)
    grid = rng.permutation((size // 8) ** 2)[:count]
    for place in grid:
        y, x = place // (size // 8) * 8 + 3, place % (size // 8) * 8 + 3
        pixels[y : y + 2, x : x + 2] = 230
    return pixels


def test_stars_are_counted():
    found = measured(stars(150))
    assert found["points"] == 150
    assert starry(found)


def test_what_is_not_a_starry_field():
    assert not starry(measured(stars(150, ground=120)))
    assert not starry(measured(np.zeros((256, 256))))
    assert not starry(measured(stars(10)))
    assert not starry(measured(board(16, 256)))
    window = stars(100)
    window[:, :60] = 200
    assert not starry(measured(window))


def test_ranks_lie_in_order_and_within_bounds():
    low = rank_composition({"edges": 0.0, "symmetry": 0.0, "open": 0.0})
    high = rank_composition({"edges": 1.0, "symmetry": 1.0, "open": 1.0})
    assert set(low) == {"busyness", "symmetry", "openness"}
    assert all(low[name] < 0.3 and high[name] == 1 for name in low)


def scene(height=180, width=240, seed=0):
    return np.random.default_rng(seed).integers(60, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("colour", [0, 255, 128])
def test_an_even_margin_is_found(colour):
    pixels = np.full((180, 240, 3), colour, np.uint8)
    pixels[10:170, 20:215] = scene(160, 195) if colour != 128 else scene(160, 195) // 4
    left, top, right, bottom = inner_box(lab_pixels(Image.fromarray(pixels)))
    assert (left * 240, top * 180, right * 240, bottom * 180) == pytest.approx((20, 10, 215, 170), abs=2)


def test_pictures_without_a_margin_stay_whole():
    whole = (0, 0, 1, 1)
    assert inner_box(lab_pixels(Image.fromarray(scene()))) == whole
    assert inner_box(lab_pixels(Image.new("RGB", (200, 100), "black"))) == whole
    assert inner_box(lab_pixels(Image.new("RGB", (5, 5), "black"))) == whole
    disc = np.zeros((200, 200, 3), np.uint8)
    y, x = np.indices((200, 200)) - 100
    disc[np.hypot(y, x) < 70] = 200
    assert inner_box(lab_pixels(Image.fromarray(disc))) == whole  # a planet on black is no framed picture
    sky = scene(200, 200)
    sky[:40] = 250
    assert inner_box(lab_pixels(Image.fromarray(sky))) == whole  # a white sky lies on one side only
