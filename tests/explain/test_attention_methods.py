"""Attention, rollout and gradient x input, each against what defines it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from seeing import WAYS, noise, seeing

from chiaroscore import BackendError
from explain.attention import Attention, GradientInput, Rollout, attention_rows, image_columns
from explain.attention.reading import continued, prompt_length

METHODS = (
    Attention(),
    Attention(sink="raw"),
    Attention(layers=(1,), heads=(0, 2)),
    Rollout(),
    GradientInput(),
)
#: Models take norms in float32 whatever their precision: a step as small as they can tell.
STEP = 1e-2
SPANS = [[0, 1], [3, 4, 5], [9]]


@pytest.fixture(scope="module", params=WAYS)
def seen(request):
    """A model, and its prompt about a picture."""
    found = seeing(request.param)
    return found, found.prompt(noise((230, 150)))


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_row_for_every_span(seen, method):
    found, inputs = seen
    rows = method.rows(found.model, inputs, found.text_ids, SPANS)
    assert rows.shape == (3, len(image_columns(found.model, inputs)))
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all() and (np.abs(rows).sum(1) > 0).all()
    assert method.signed == bool((rows < 0).any())
    assert np.array_equal(rows, method.rows(found.model, inputs, found.text_ids, SPANS))
    assert found.model.get_decoder().config._attn_implementation == "sdpa"
    assert all(weight.requires_grad for weight in found.model.parameters())


def test_raw_attention_is_the_mean_over_layers_and_tokens(seen):
    found, inputs = seen
    ids = found.text_ids
    tokens = attention_rows(found.model, inputs, ids, dtype=torch.float32).mean(0).numpy()
    raw = Attention(sink="raw").rows(found.model, inputs, ids, SPANS)
    assert np.allclose(raw[1], tokens[3:6].mean(0), atol=5e-4)


def test_correction_takes_off_what_all_tokens_look_at(seen):
    """A column that every token looks at alike is not in the corrected map, whatever its weight."""
    found, inputs = seen
    ids = found.text_ids
    raw = Attention(sink="raw").rows(found.model, inputs, ids, SPANS)
    corrected = Attention().rows(found.model, inputs, ids, SPANS)
    general = Attention(sink="raw").rows(found.model, inputs, ids, [list(range(len(ids)))])
    assert np.allclose(corrected, np.maximum(raw - general, 0), atol=1e-6)
    assert not Attention().rows(found.model, inputs, ids, [list(range(len(ids)))]).any()


def test_rollout_is_the_product_over_whole_matrices(seen):
    found, inputs = seen
    ids = found.text_ids
    batch = continued(found.model, inputs, ids)
    found.model.set_attn_implementation("eager")
    try:
        with torch.no_grad():
            held = found.model(**batch, output_attentions=True).attentions
    finally:
        found.model.set_attn_implementation("sdpa")
    product = torch.eye(held[0].shape[-1])
    for layer in held:
        product = (0.5 * layer[0].mean(0) + 0.5 * torch.eye(len(product))) @ product
    full = product[prompt_length(inputs) - 1 :][:, image_columns(found.model, inputs)].numpy()
    rows = Rollout(sink="raw").rows(found.model, inputs, ids, [[t] for t in range(len(ids))])
    assert np.abs(rows - full).max() < 1e-5


def log_probability(model, batch, ids, first, span, change):
    """Log-probability of a span's tokens when what the decoder is given is changed."""

    def alter(module, arguments, named):
        named = {**named, "inputs_embeds": change(named["inputs_embeds"], None)}
        if named.get("deepstack_visual_embeds") is not None:
            named["deepstack_visual_embeds"] = [
                change(one, place) for place, one in enumerate(named["deepstack_visual_embeds"])
            ]
        return arguments, named

    handle = model.get_decoder().register_forward_pre_hook(alter, with_kwargs=True)
    try:
        with torch.no_grad():
            logits = model(**batch, use_cache=False).logits[0, first:].double().log_softmax(-1)
    finally:
        handle.remove()
    return sum(float(logits[t, ids[t]]) for t in span)


def test_gradient_input_is_the_slope_of_scaling_a_token(seen):
    """Turning one image token's embedding up and down moves the log-probability as the map says."""
    found, inputs = seen
    model, ids = found.model.double(), found.text_ids
    try:
        rows = GradientInput().rows(model, inputs, ids, [SPANS[1]])[0]
        columns = image_columns(model, inputs)
        batch, first = continued(model, inputs, ids), prompt_length(inputs) - 1
        for token in np.argsort(-np.abs(rows))[:3]:

            def turned(by, token=int(token)):
                def change(given, place):
                    given = given.clone()
                    at = (0, columns[token]) if place is None else (token,)
                    given[at] *= 1 + by
                    return given

                return log_probability(model, batch, ids, first, SPANS[1], change)

            slope = (turned(STEP) - turned(-STEP)) / (2 * STEP)
            assert slope == pytest.approx(rows[token], rel=0.02, abs=1e-3)
    finally:
        model.float()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_bad_requests_are_told(method):
    found = seeing("llava")
    inputs = found.prompt(noise((80, 60)))
    for spans in ([], [[]], [[-1]], [[0], [999]]):
        with pytest.raises(ValueError, match="span"):
            method.rows(found.model, inputs, found.text_ids, spans)
    with pytest.raises(BackendError, match="no image token"):
        method.rows(found.model, found.prompt(), found.text_ids, [[0]])
