"""Attention captured in a second pass: the same as eager attention in full, and never silently nothing."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from seeing import WAYS, noise, seeing

from chiaroscore import BackendError
from explain.attention import Capture, attention_rows, capture, image_columns, watching
from explain.attention.reading import continued, prompt_length


@pytest.fixture(scope="module", params=WAYS)
def seen(request):
    """A model, and its prompt about a picture that is no square."""
    found = seeing(request.param)
    return found, found.prompt(noise((230, 150)))


def eager_rows(found, inputs, ids):
    """Attention as transformers' eager attention gives it: (layers, heads, n_text, n_image)."""
    whole = dict(inputs)
    text = torch.tensor([ids])
    whole["input_ids"] = torch.cat([whole["input_ids"], text], 1)
    whole["attention_mask"] = torch.ones_like(whole["input_ids"])
    if "mm_token_type_ids" in whole:
        kinds = whole["mm_token_type_ids"]
        whole["mm_token_type_ids"] = torch.cat([kinds, torch.zeros_like(text, dtype=kinds.dtype)], 1)
    found.model.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            held = found.model(**whole, output_attentions=True).attentions
    finally:
        found.model.set_attn_implementation("sdpa")
    start, columns = prompt_length(inputs) - 1, image_columns(found.model, inputs)
    return torch.stack([layer[0, :, start:-1][..., columns] for layer in held])


def test_equals_eager_attention(seen):
    found, inputs = seen
    ids = found.text_ids
    full = eager_rows(found, inputs, ids)
    heads = attention_rows(found.model, inputs, ids, per_head=True, dtype=torch.float32)
    assert heads.shape == full.shape == (2, 4, len(ids), len(image_columns(found.model, inputs)))
    assert (heads - full).abs().max() < 1e-5
    mean = attention_rows(found.model, inputs, ids)
    assert mean.dtype == torch.float16
    assert (mean.float() - full.mean(1)).abs().max() < 1e-4 + 2**-11  # half a step of float16 below 1
    some = attention_rows(found.model, inputs, ids, [1], heads=[3, 0], per_head=True, dtype=torch.float32)
    assert (some - full[1:, [3, 0]]).abs().max() < 1e-5


@pytest.mark.parametrize("kind", ["causal", "true", "added"])
@pytest.mark.parametrize("at_once", [1, 100, 10**6])
def test_rows_in_pieces_are_the_rows_of_the_whole(monkeypatch, kind, at_once):
    """Queries of 4 heads on 2 of keys, with every kind of mask, in pieces of one row, of some and of all."""
    monkeypatch.setattr(capture, "_AT_ONCE", at_once)
    made = torch.Generator().manual_seed(0)
    query, key = torch.randn(1, 4, 9, 8, generator=made), torch.randn(1, 2, 9, 8, generator=made)
    window = torch.ones(9, 9, dtype=torch.bool).tril()
    if kind != "causal":
        window &= ~torch.ones(9, 9, dtype=torch.bool).tril(-4)
    mask = {"causal": None, "true": window, "added": torch.where(window, 0.0, -1e30)}[kind]
    full = (query[0] @ key[0].repeat_interleave(2, 0).transpose(1, 2) * 0.3).masked_fill(~window, -torch.inf)
    found = torch.zeros(4, 7, 9)
    for low, rows in capture.softmax_rows(query, key, None if mask is None else mask[None, None], 0.3, 2):
        found[:, low - 2 : low - 2 + rows.shape[1], : rows.shape[2]] = rows
    assert (found - full.softmax(-1)[:, 2:]).abs().max() < 1e-6


def test_row_t_is_of_the_prediction_of_token_t(seen):
    """Changing token t changes the rows after t and none up to t."""
    found, inputs = seen
    ids = found.text_ids
    before = attention_rows(found.model, inputs, ids, dtype=torch.float32)
    place = 4
    other = [*ids[:place], ids[place] + 1, *ids[place + 1 :]]
    moved = (attention_rows(found.model, inputs, other, dtype=torch.float32) - before).abs().amax((0, 2))
    assert moved[: place + 1].max() < 1e-6
    assert (moved[place + 1 :] > 1e-5).all()


def test_rows_are_those_of_writing_the_text(seen):
    """The rows are those that generate, token by token with a cache, has while it writes."""
    found, inputs = seen
    found.model.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            wrote = found.model.generate(
                **inputs, max_new_tokens=6, do_sample=False, output_attentions=True,
                return_dict_in_generate=True, eos_token_id=None, pad_token_id=0,
            )  # fmt: skip
    finally:
        found.model.set_attn_implementation("sdpa")
    columns = image_columns(found.model, inputs)
    live = torch.stack(
        [torch.stack([layer[0, :, -1, columns].mean(0) for layer in step]) for step in wrote.attentions], 1
    )
    ids = wrote.sequences[0, prompt_length(inputs) :].tolist()
    assert (attention_rows(found.model, inputs, ids, dtype=torch.float32) - live).abs().max() < 1e-4


def test_sdpa_gives_nothing_and_the_capture_always_something(seen):
    """Why there is a capture: transformers answers a request for attention under sdpa with an empty tuple."""
    found, inputs = seen
    assert found.model.config._attn_implementation == "sdpa"
    with torch.no_grad():
        assert not found.model(**inputs, output_attentions=True).attentions
    rows = attention_rows(found.model, inputs, found.text_ids)
    assert (rows.sum(-1) > 0).all()
    assert (rows.sum(-1) <= 1.01).all()


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_the_model_is_as_before(seen, implementation):
    found, inputs = seen
    model = found.model
    model.set_attn_implementation(implementation)
    try:
        with torch.no_grad():
            before = model(**inputs).logits
        batch = continued(model, inputs, found.text_ids[:1])
        watcher = Capture(image_columns(model, inputs), [0, 1], 0)
        with torch.no_grad(), watching(model, watcher):
            during = model(**batch, use_cache=False).logits
        attention_rows(model, inputs, found.text_ids)
        assert {part.config._attn_implementation for part in (model, model.get_decoder())} == {implementation}
        with torch.no_grad():
            assert torch.equal(model(**inputs).logits, before)
        assert (during - before).abs().max() < 1e-4
    finally:
        model.set_attn_implementation("sdpa")


def test_positions_of_the_last_picture_are_put_back():
    found = seeing("qwen")
    with torch.no_grad():
        found.model(**found.prompt(noise((56, 56))))
    kept = found.model.model.rope_deltas
    attention_rows(found.model, found.prompt(noise((230, 150))), found.text_ids)
    assert found.model.model.rope_deltas is kept


def test_the_implementation_is_put_back_after_an_error(seen):
    found, _ = seen
    with pytest.raises(RuntimeError), watching(found.model, Capture(torch.tensor([3]), [0], 0)):
        raise RuntimeError("stop")
    assert found.model.get_decoder().config._attn_implementation == "sdpa"


def test_nothing_seen_is_an_error(seen):
    found, inputs = seen
    watcher = Capture(image_columns(found.model, inputs), [0, 1], 3)
    with torch.no_grad():
        found.model(**inputs)  # nobody watches
    with pytest.raises(BackendError, match=r"no attention was seen in layers \[0, 1\]"):
        watcher.maps()


def test_a_cache_is_refused(seen):
    found, inputs = seen
    watcher = Capture(image_columns(found.model, inputs), [0], 0)
    with watching(found.model, watcher), pytest.raises(BackendError, match="without a cache"):
        found.model.generate(**inputs, max_new_tokens=2, do_sample=False, pad_token_id=0)


def test_bad_requests_are_told():
    found = seeing("llava")
    inputs = found.prompt(noise((80, 60)))
    with pytest.raises(BackendError, match="decoder has 0 to 1"):
        attention_rows(found.model, inputs, found.text_ids, [2])
    with pytest.raises(BackendError, match="decoder has 0 to 1"):
        attention_rows(found.model, inputs, found.text_ids, [])
    with pytest.raises(BackendError, match="there are 0 to 3"):
        attention_rows(found.model, inputs, found.text_ids, heads=[4])
    with pytest.raises(BackendError, match="no image token"):
        attention_rows(found.model, found.prompt(), found.text_ids)
    with pytest.raises(BackendError, match="0 tokens"):
        attention_rows(found.model, inputs, [])


def test_bfloat16(seen):
    """In half precision the weights are recomputed from half-precision queries: near the exact ones."""
    found, inputs = seen
    exact = attention_rows(found.model, inputs, found.text_ids, dtype=torch.float32)
    try:
        rows = attention_rows(found.model.bfloat16(), inputs, found.text_ids, dtype=torch.float32)
    finally:
        found.model.float()
    assert torch.isfinite(rows).all()
    assert torch.corrcoef(torch.stack([rows.flatten(), exact.flatten()]))[0, 1] > 0.95


def test_nothing_is_kept_from_pass_to_pass():
    """What a capture held is gone when its result is: no hook, no graph, no list that grows."""
    found = seeing("qwen")
    inputs = found.prompt(noise((230, 150)))
    attention_rows(found.model, inputs, found.text_ids)
    gc.collect()
    before = sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects())
    for _ in range(5):
        rows = attention_rows(found.model, inputs, found.text_ids)
    gone = weakref.ref(rows)
    del rows
    gc.collect()
    assert gone() is None
    assert sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects()) <= before
