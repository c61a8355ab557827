"""Image tokens and their places: what is painted into a box moves the tokens whose boxes lie there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from seeing import WAYS, noise, seeing

from chiaroscore import BackendError
from explain.attention import image_boxes, image_columns, to_map

BOXES = 25
#: What LLaVA's processor cuts off depends on the shape, so it is tried with both.
SHAPES = (
    ("qwen", (230, 150)), ("qwen3", (150, 260)), ("smolvlm", (150, 130)), ("smolvlm-whole", (150, 260)),
    ("llava", (230, 150)), ("llava", (150, 260)),
)  # fmt: skip


class Enough(Exception):
    """The decoder need not run."""


def embeddings(found, picture):
    """What the decoder is given for each image token; shape (n_image, width)."""
    inputs, given = found.prompt(picture), []

    def look(module, arguments, named):
        given.append(named["inputs_embeds"][0])
        raise Enough

    handle = found.model.get_decoder().register_forward_pre_hook(look, with_kwargs=True)
    try:
        with torch.no_grad(), pytest.raises(Enough):
            found.model(**inputs)
    finally:
        handle.remove()
    return given[0][image_columns(found.model, inputs)].numpy()


def painted(picture, box):
    """The picture with a box painted white."""
    out = picture.copy()
    left, top, right, bottom = (round(edge * side) for edge, side in zip(box, picture.size * 2, strict=True))
    out.paste(Image.new("RGB", (right - left, bottom - top), "white"), (left, top))
    return out


@pytest.mark.parametrize(("way", "size"), SHAPES)
def test_the_token_that_moves_most_lies_in_the_painted_box(way, size):
    """For 25 boxes, each within one token's; for the tokens of tiles and for those of the whole apart."""
    found, picture = seeing(way), noise(size)
    boxes = image_boxes(found.model, found.processor, found.prompt(picture), size)
    before = embeddings(found, picture)
    assert len(boxes) == len(before)
    counts = np.round(100 / (boxes[:, 2] - boxes[:, 0]))
    for count in np.unique(counts):
        group, rng = np.flatnonzero(counts == count), np.random.default_rng(1)
        hits = 0
        for _ in range(BOXES):
            token = rng.choice(group)
            part = rng.uniform((0, 0, 0.7, 0.7), (0.3, 0.3, 1, 1))
            corner, side = boxes[token, :2], boxes[token, 2:] - boxes[token, :2]
            box = np.tile(corner, 2) + part * np.tile(side, 2)
            moved = np.linalg.norm(embeddings(found, painted(picture, box)) - before, axis=1)
            hits += group[moved[group].argmax()] == token
        assert hits >= BOXES - 1


def test_every_family_has_the_grid_it_should():
    seen = {}
    for way in WAYS:
        found = seeing(way)
        inputs = found.prompt(noise((230, 150)))
        boxes = image_boxes(found.model, found.processor, inputs, (230, 150))
        seen[way] = (len(boxes), to_map(np.ones(len(boxes)), boxes))
        assert len(boxes) == len(image_columns(found.model, inputs))
    shapes = {way: (count, one.values.shape) for way, (count, one) in seen.items()}
    # 230 x 150 pixels: 224 x 140 in patches of 2 x 14; 224 x 160 in patches of 2 x 16; 4 x 3 tiles of 4 x 4
    # and one of the whole; 56 x 56 of 86 x 56 in patches of 14.
    assert shapes == {
        "qwen": (40, (5, 8)), "qwen3": (35, (5, 7)), "smolvlm": (208, (12, 16)),
        "smolvlm-whole": (16, (4, 4)), "llava": (16, (4, 4)),
    }  # fmt: skip
    assert [seen[way][1].covers for way in WAYS[:4]] == [(0, 0, 1, 1)] * 4
    assert seen["llava"][1].covers == pytest.approx((40 / 230, 0, 190 / 230, 1))


def test_the_first_of_several_pictures():
    for way in WAYS:
        found = seeing(way)
        sizes = [(230, 150), (150, 260)]
        inputs = found.prompt(*(noise(size) for size in sizes))
        alone = image_boxes(found.model, found.processor, found.prompt(noise(sizes[0])), sizes[0])
        both = image_boxes(found.model, found.processor, inputs, sizes[0])
        assert np.array_equal(alone, both)
        assert len(image_columns(found.model, inputs)) > len(both)


def test_a_map_keeps_mass_where_it_lay():
    boxes = np.array([(0, 0, 0.5, 0.5), (0.5, 0, 1, 0.5), (0, 0.5, 0.5, 1), (0.5, 0.5, 1, 1), (0, 0, 1, 1)])
    one = to_map(np.array([1.0, 0, 0, 2, 4]), boxes)
    assert one.values.tolist() == [[2, 1], [1, 3]]
    assert to_map(np.array([1.0, 0, 0, -2, 0]), boxes, signed=True).values.tolist() == [[1, 0], [0, -2]]
    with pytest.raises(ValueError, match="5 boxes"):
        to_map(np.ones(4), boxes)


@pytest.mark.parametrize("kind", ["pad", "stretch", "summary"])
def test_other_processors_of_llava(kind):
    """Padded to a square: no token lies beyond the picture in the map. Stretched: everything is seen."""
    from transformers import LlavaImageProcessor, SiglipImageProcessor

    found, size = seeing("llava"), (200, 100)
    inputs = dict(found.prompt(noise(size)))
    square = {"height": 56, "width": 56}
    if kind == "pad":
        found.processor.image_processor = LlavaImageProcessor(
            do_pad=True, size={"shortest_edge": 56}, crop_size=square
        )
    elif kind == "stretch":
        found.processor.image_processor = SiglipImageProcessor(size=square)
    else:
        image = found.model.config.image_token_id
        ids = inputs["input_ids"]
        inputs["input_ids"] = torch.cat([ids, torch.tensor([[image]])], 1)
    boxes = image_boxes(found.model, found.processor, inputs, size)
    one = to_map(np.ones(len(boxes)), boxes)
    if kind == "pad":
        assert boxes[[0, -1]].ravel() == pytest.approx([0, -0.5, 0.25, 0, 0.75, 1, 1, 1.5])
        assert one.covers == pytest.approx((0, 0, 1, 1)) and one.values == pytest.approx(np.ones((2, 4)))
    elif kind == "stretch":
        assert one.covers == (0, 0, 1, 1) and one.values == pytest.approx(np.ones((4, 4)))
    else:
        assert boxes[0] == pytest.approx([0.25, 0, 0.75, 1]) and len(boxes) == 17
        assert one.values.sum() == pytest.approx(17)


def test_what_is_not_known_is_said():
    found = seeing("qwen")
    inputs = found.prompt(noise((230, 150)))
    with pytest.raises(BackendError, match="no image token"):
        image_boxes(found.model, found.processor, found.prompt(), (230, 150))
    short = {**inputs, "input_ids": inputs["input_ids"][:, :20]}
    with pytest.raises(BackendError, match="should have 40 image tokens"):
        image_boxes(found.model, found.processor, short, (230, 150))
    found.model.config.model_type = "fuyu"
    with pytest.raises(BackendError, match=r"'fuyu' model lie is not known; known are qwen2_vl"):
        image_boxes(found.model, found.processor, inputs, (230, 150))
