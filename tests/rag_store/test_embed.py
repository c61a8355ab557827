import subprocess
import sys

import numpy as np
import pytest

from chiaroscore import MissingPartError
from rag_store.embed import MiniLM, SentenceTransformerEmbedder

TEXTS = [
    "A slow, sad waltz in D minor, 3/4 triple time, for solo violin.",
    "jig",
    "",
    "Fröhlicher Tanz, très vif, 日本の歌 🎵",
    "word " * 600,  # longer than 256 word pieces
    *(
        f"A {mood} {genre} in {key}"
        for mood in ("calm", "angry")
        for genre in ("reel", "tango")
        for key in "CFG"
    ),
]


def test_same_vectors_as_sentence_transformers(embedder):
    theirs = SentenceTransformerEmbedder(embedder.folder)
    a, b = embedder.embed(TEXTS), theirs.embed(TEXTS)
    assert a.shape == b.shape == (len(TEXTS), 384)
    assert a.dtype == b.dtype == np.float32
    assert (a * b).sum(axis=1).min() > 0.9999
    assert np.abs(a - b).max() < 1e-5
    assert theirs.id == embedder.id
    assert theirs.dim == embedder.dim == 384


def test_unit_length_and_order(embedder):
    rows = embedder.embed(TEXTS)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)
    assert np.allclose(embedder.embed(TEXTS[:1])[0], rows[0], atol=1e-6)  # batch mates do not matter
    assert embedder.embed([]).shape == (0, 384)


def test_meaning(embedder):
    sad, mournful, jig = embedder.embed(["a sad slow song", "mournful, unhurried music", "a fast happy jig"])
    assert sad @ mournful > sad @ jig


def test_query_needs_no_torch():
    code = (
        "import sys; from rag_store import MiniLM; MiniLM().embed(['x']); "
        "print([m for m in ('torch', 'transformers', 'chromadb', 'music21') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_folder_without_model(tmp_path):
    with pytest.raises(MissingPartError, match=r"modules\.json"):
        SentenceTransformerEmbedder(tmp_path)


def test_broken_weights(tmp_path, embedder):
    from chiaroscore import StoreError

    for name in ("tokenizer.json", "config.json"):
        (tmp_path / name).write_bytes((embedder.folder / name).read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(StoreError, match="embedding weights"):
        MiniLM(tmp_path).embed(["x"])
