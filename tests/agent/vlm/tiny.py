"""Tiny image-text models with random weights, of three families, made here: no download is needed.

``tiny_vlm("qwen", folder)`` saves one to disk as a hub folder looks, to be loaded through the real path;
``build("qwen")`` returns model and processor. Random weights answer at random, so whatever holds in an answer
was held by the code around the model. Loading takes about a tenth of a second.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

FAMILIES = ("qwen", "smolvlm", "llava")
#: Rows of the output layer beyond the tokenizer's vocabulary, as real models have.
PADDING_ROWS = 13
HIDDEN, HEADS, KV_HEADS, LAYERS = 64, 4, 2, 2
#: How much a terse model of each family likes a quotation mark: tried out, so that texts have a few words.
_LIKES = {"qwen": 1.9, "smolvlm": 1.0, "llava": 0.7}

_CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}SLOT{% else %}{{ c['text'] }}{% endif %}"
    "{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_CORPUS = [
    "X:1\nT:Misty morning\nM:4/4\nL:1/8\nQ:1/4=72\nK:Dm\n[V:M] \"Dm\" d2 fa d'2 af | g2 bd' c'4 |]\n",
    '{"genre": "pastoral", "tempo": 72, "words": ["calm", "wide"], "because": "the water is still"}',
    "Describe the mood, the colours and the shapes of the picture.",
]


def tiny_vlm(
    family: str, folder: pathlib.Path, *, context: int = 16_384, seed: int = 0, terse: bool = False
) -> pathlib.Path:
    """Save a tiny model of one of the `FAMILIES` as ``folder/tiny-FAMILY``, and return that.

    A ``terse`` one likes quotation marks, so that its random texts in JSON soon end.
    """
    from agent.vlm.local.loading import quiet

    model, processor = build(family, context=context, seed=seed)
    if terse:
        _like(model, processor.tokenizer.convert_tokens_to_ids('"'), family)
    path = folder / f"tiny-{family}"
    with quiet():
        model.save_pretrained(path)
        processor.save_pretrained(path)
    return path


def build(family: str, *, context: int = 16_384, seed: int = 0) -> tuple[Any, Any]:
    """Return model (float32, CPU) and processor of a family; the global random state stays as it was."""
    import torch

    makers: dict[str, Callable[[int], tuple[type, Any, Any]]] = {
        "qwen": _qwen,
        "smolvlm": _smolvlm,
        "llava": _llava,
    }
    kind, config, processor = makers[family](context)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind(config).eval()  # type: ignore[call-arg]
    return model, processor


def _like(model: Any, token: int, family: str) -> None:
    """Make a token likelier everywhere: it reads a dimension of the hidden state that no layer writes to."""
    import torch

    with torch.no_grad():
        heard = model.get_input_embeddings().weight
        heard[:, 0] = 100 * heard[:, 1:].std()
        for name, weight in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")) and len(weight) == HIDDEN:
                weight[0] = 0
        model.get_output_embeddings().weight[token, 0] = _LIKES[family]


def tokenizer(specials: list[str]) -> Any:
    """Return a byte-level BPE tokenizer with a few merges and the special tokens of a family."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(_CORPUS * 10, trainer)
    found = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    found.add_special_tokens({"additional_special_tokens": ["<|im_start|>", *specials]})
    return found


def _text(tokens: Any, context: int, **more: Any) -> dict[str, Any]:
    """Return the language model's configuration."""
    return {
        "vocab_size": len(tokens) + PADDING_ROWS, "hidden_size": HIDDEN, "intermediate_size": 2 * HIDDEN,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS,
        "max_position_embeddings": context, "bos_token_id": None, "eos_token_id": tokens.eos_token_id,
        "pad_token_id": tokens.pad_token_id, "initializer_range": 0.2, **more,
    }  # fmt: skip


def _eyes(**more: Any) -> dict[str, Any]:
    """Return the picture tower's configuration."""
    return {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        **more,
    }


def _qwen(context: int) -> tuple[type, Any, Any]:
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    tokens = tokenizer(["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"])
    slot = "<|vision_start|><|image_pad|><|vision_end|>"
    processor = Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(), tokenizer=tokens, video_processor=Qwen2VLVideoProcessor(),
        chat_template=_CHAT.replace("SLOT", slot),
    )  # fmt: skip
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 2, 2]}
    sight = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2}
    named = {
        f"{name}_token_id": tokens.convert_tokens_to_ids(f"<|{token}|>")
        for name, token in (
            ("image", "image_pad"),
            ("video", "video_pad"),
            ("vision_start", "vision_start"),
            ("vision_end", "vision_end"),
        )
    }
    config = Qwen2_5_VLConfig(
        text_config=_text(tokens, context, rope_parameters=rope),
        vision_config={**sight, "out_hidden_size": HIDDEN, "fullatt_block_indexes": [1]},
        tie_word_embeddings=False, **named,
    )  # fmt: skip
    return Qwen2_5_VLForConditionalGeneration, config, processor


def _smolvlm(context: int) -> tuple[type, Any, Any]:
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    side, patch, scale = 64, 8, 2
    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    tokens = tokenizer(["<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>", *tiles])
    pictures = SmolVLMImageProcessor(size={"longest_edge": 4 * side}, max_image_size={"longest_edge": side})
    processor = SmolVLMProcessor(
        image_processor=pictures, tokenizer=tokens, video_processor=SmolVLMVideoProcessor(),
        image_seq_len=(side // patch) ** 2 // scale**2, chat_template=_CHAT.replace("SLOT", "<image>"),
    )  # fmt: skip
    config = SmolVLMConfig(
        text_config=_text(tokens, context, model_type="llama"),
        vision_config=_eyes(image_size=side, patch_size=patch), scale_factor=scale,
        image_token_id=tokens.convert_tokens_to_ids("<image>"), pad_token_id=tokens.pad_token_id,
        tie_word_embeddings=False,
    )  # fmt: skip
    return SmolVLMForConditionalGeneration, config, processor


def _llava(context: int) -> tuple[type, Any, Any]:
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    side, patch = 56, 14
    tokens = tokenizer(["<image>"])
    square = {"height": side, "width": side}
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": side}, crop_size=square), tokenizer=tokens,
        patch_size=patch, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=_CHAT.replace("SLOT", "<image>"),
    )  # fmt: skip
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**_eyes(image_size=side, patch_size=patch)).to_dict(),
        text_config=_text(tokens, context, model_type="llama"),
        image_token_index=tokens.convert_tokens_to_ids("<image>"), vision_feature_layer=-2,
        tie_word_embeddings=False,
    )  # fmt: skip
    return LlavaForConditionalGeneration, config, processor
