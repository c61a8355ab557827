"""CLIP through the real loading path, with a tiny model of random weights made here."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from chiaroscore import MissingPartError, StoreError
from rag_store.embedders import ByCaption, placed
from rag_store.exemplar import Exemplar
from rag_store.spaces import ClipEmbedder

TEXTS = ["a calm sea", "a stormy sea", "a red dance hall, " * 40]


def save_clip(folder, seed=0):
    """Save a CLIP model of random weights as a hub folder looks; byte-pair tokens of its own."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, PreTrainedTokenizerFast

    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<start>", "<end>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    plain.train_from_iterator(TEXTS, trainer)
    plain.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 0), ("<end>", 1)]
    )
    tokens = PreTrainedTokenizerFast(
        tokenizer_object=plain, bos_token="<start>", eos_token="<end>", pad_token="<end>"
    )
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config=tower
        | {
            "vocab_size": len(tokens),
            "max_position_embeddings": 24,
            "bos_token_id": 0,
            "eos_token_id": 1,
            "pad_token_id": 1,
        },
        vision_config=tower | {"image_size": 32, "patch_size": 8},
        projection_dim=20,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CLIPModel(config).eval()
    model.save_pretrained(folder)
    tokens.save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(
        folder
    )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from agent.vlm.local.loading import quiet

    with quiet():
        yield save_clip(tmp_path_factory.mktemp("clip") / "tiny-clip")


@pytest.fixture(scope="module")
def embedder(folder):
    return ClipEmbedder(folder)


def pictures():
    ramp = np.linspace(0, 255, 48, dtype=np.uint8)
    grey = Image.fromarray(np.tile(ramp, (40, 1)))
    return [
        grey,
        grey.convert("RGB").rotate(90, expand=True),
        Image.new("RGBA", (300, 20), (200, 30, 30, 128)),
    ]


def test_both_towers_give_unit_rows_of_one_length(embedder):
    images, texts = embedder.embed_images(pictures()), embedder.embed_texts(TEXTS)
    assert images.shape == texts.shape == (3, 20) == (3, embedder.dim)
    for rows in (images, texts):
        assert rows.dtype == np.float32
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        assert np.abs(rows[0] - rows[1]).max() > 1e-3
    assert embedder.embed_texts([]).shape == embedder.embed_images([]).shape == (0, 20)


def test_an_exemplar_stands_where_its_caption_is(embedder):
    shown = Exemplar(
        "own:1", "X:1", "Sea", TEXTS[0], "air", "calm", "C", "major", "4/4", 80.0, "moderate", 1.0, 60, 72, 1,
        8, 0.5, -0.5, "own", "CC0-1.0",
    )  # fmt: skip
    rows = placed([shown], {"image": ByCaption(embedder)})["image"]
    assert np.allclose(rows, embedder.embed_texts(TEXTS[:1]))


def test_a_row_does_not_hang_on_its_neighbours(embedder):
    together, alone = embedder.embed(TEXTS), [embedder.embed([text])[0] for text in TEXTS]
    assert np.allclose(together, alone, atol=1e-4)
    many = embedder.embed_images(pictures() * 7)  # more than one pass
    assert np.allclose(many[-3:], embedder.embed_images(pictures()), atol=1e-4)


def test_the_numbers_are_those_of_sentence_transformers(embedder, folder):
    from sentence_transformers import SentenceTransformer

    other = SentenceTransformer(str(folder), local_files_only=True, device="cpu")
    for given, own in ((pictures()[1:2], embedder.embed_images), (TEXTS[:1], embedder.embed_texts)):
        theirs = other.encode(given, normalize_embeddings=True, show_progress_bar=False)
        assert np.allclose(theirs, own(given), atol=1e-3)


def test_models_of_other_weights_have_other_names(embedder, folder, tmp_path):
    same = shutil.copytree(folder, tmp_path / "moved")
    assert ClipEmbedder(same).id == embedder.id
    inner = shutil.copytree(folder, tmp_path / "outer" / "0_CLIPModel")
    assert ClipEmbedder(inner.parent).id == embedder.id
    assert ClipEmbedder(save_clip(tmp_path / "other", seed=1)).id != embedder.id


def test_what_is_no_clip_model_is_refused(folder, tmp_path):
    with pytest.raises(MissingPartError, match="hf download"):
        ClipEmbedder("openai/clip-vit-no-such-model")
    with pytest.raises(MissingPartError, match="hf download"):
        ClipEmbedder("/no/such/folder/at/all")
    with pytest.raises(MissingPartError, match="holds no model"):
        ClipEmbedder(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(MissingPartError, match="'bert'"):
        ClipEmbedder(tmp_path)
    pickled = shutil.copytree(folder, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(MissingPartError, match="pickles are not read"):
        ClipEmbedder(pickled)


def test_broken_weights_are_told_in_one_line(folder, tmp_path):
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}")
    with pytest.raises(StoreError, match="cannot be loaded") as error:
        ClipEmbedder(broken).embed_texts(["sea"])
    assert "\n" not in str(error.value)
