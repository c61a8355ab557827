"""Tiny image-text models with a prompt about a picture, as the methods that look into models take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tiny
from PIL import Image

#: How pictures come to a model: four families, and one of them without cutting the picture into tiles.
WAYS = ("qwen", "qwen3", "smolvlm", "smolvlm-whole", "llava")
TEXT = "X:1\nT:Calm\nK:Dm\nd2 fa | g2 bd' |\n"


@dataclass(frozen=True)
class Seeing:
    """A model, its processor, and whether it may cut pictures."""

    model: Any
    processor: Any
    whole: bool = False

    @property
    def text_ids(self) -> list[int]:
        """Tokens of a small tune."""
        return list(self.processor.tokenizer(TEXT, add_special_tokens=False)["input_ids"])

    def prompt(self, *pictures: Image.Image, words: str = "Describe the picture.") -> Any:
        """Return the processor's batch of a prompt with pictures."""
        content = [{"type": "image"}] * len(pictures) + [{"type": "text", "text": words}]
        text = self.processor.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
        options: dict[str, Any] = {"do_image_splitting": False} if self.whole else {}
        if pictures:
            options["images"] = [list(pictures)]
        return self.processor(text=[text], return_tensors="pt", **options)


def seeing(way: str) -> Seeing:
    """Return the model of one of `WAYS`."""
    if way == "qwen3":
        return Seeing(*_qwen3())
    return Seeing(*tiny.build(way.removesuffix("-whole")), way.endswith("-whole"))


def noise(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Return a picture of faint grey noise."""
    grey = np.random.default_rng(seed).integers(96, 160, (size[1], size[0], 3))
    return Image.fromarray(grey.astype(np.uint8))


def _qwen3() -> tuple[Any, Any]:
    """Return a Qwen3-VL: its picture tower also hands embeddings to the decoder's first layers."""
    import torch
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    model, processor = tiny.build("qwen")
    tokens, old = processor.tokenizer, model.config
    pictures = Qwen2VLImageProcessor(patch_size=16)
    new = Qwen3VLProcessor(
        image_processor=pictures, tokenizer=tokens, video_processor=Qwen3VLVideoProcessor(),
        chat_template=processor.chat_template,
    )  # fmt: skip
    text = tiny._text(tokens, 4096, head_dim=16)
    text["rope_parameters"] = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 2, 2]}
    sight = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 16,
        "out_hidden_size": tiny.HIDDEN, "deepstack_visual_indexes": [0], "num_position_embeddings": 64,
    }  # fmt: skip
    config = Qwen3VLConfig(
        text_config=text, vision_config=sight, tie_word_embeddings=False, image_token_id=old.image_token_id,
        video_token_id=old.video_token_id, vision_start_token_id=old.vision_start_token_id,
        vision_end_token_id=old.vision_end_token_id,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Qwen3VLForConditionalGeneration(config).eval(), new
