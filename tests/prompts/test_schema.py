"""From models to schemas: what a decoder held to them can write, and how requests narrow them."""

import json

import numpy as np
import pytest
from llguidance import LLMatcher, LLTokenizer, grammar_from
from llguidance import numpy as masks

from prompts import PlanAnswer, SceneAnswer, SketchAnswer, schema, template
from prompts.schema import paths

ANSWERS = {"perceive": SceneAnswer, "plan": PlanAnswer, "sketch": SketchAnswer}
BYTES = LLTokenizer("byte")
ASKED = {
    "genre.value": {"enum": ["waltz", "air"]},
    "tempo.value": {"minimum": 60, "maximum": 72},
    "key.value": {"const": "D dorian"},
    "meter.value": {"enum": ["3/4"]},
    "emotion.value.valence": {"minimum": 0.31, "maximum": 0.44},
    "instruments.value": {"minItems": 2, "maxItems": 2},
    "instruments.value.*.instrument": {"enum": ["Cello", "Harp"]},
    "bars.value": {"minimum": 15.2, "maximum": 16.9},
}


def _nodes(node):
    yield node
    for one in [*node.get("properties", {}).values(), *([node["items"]] if "items" in node else [])]:
        yield from _nodes(one)


def _at(root, path):
    for name in path.split("."):
        root = root["items"] if name == "*" else root["properties"][name]
    return root


def _matcher(found):
    grammar = grammar_from("json_schema", json.dumps(found))
    assert LLMatcher.validate_grammar(grammar, BYTES) == ""
    return LLMatcher(BYTES, grammar)


def _fits(found, text):
    matcher = _matcher(found)
    data = list(text.encode())
    return (
        matcher.validate_tokens(data) == len(data) and matcher.consume_tokens(data) and matcher.is_accepting()
    )


def _written(found, seed):
    """What a decoder writes that knows nothing but the schema; it likes to come to an end."""
    rng = np.random.default_rng(seed)
    matcher, out = _matcher(found), bytearray()
    mask = masks.allocate_token_bitmask(1, BYTES.vocab_size)
    while not matcher.is_stopped():
        masks.fill_next_token_bitmask(matcher, mask, 0)
        allowed = np.flatnonzero(np.unpackbits(mask.view(np.uint8).ravel(), bitorder="little"))
        plain = allowed[(allowed > 32) & (allowed < 127) & (allowed != ord("\\"))]
        closing = plain[np.isin(plain, list(b'"]},'))]
        choices = closing if len(closing) and rng.random() < 0.2 else plain if len(plain) else allowed
        token = int(rng.choice(choices))
        assert matcher.consume_token(token)
        if token < 256:
            out.append(token)
    return out.decode()


@pytest.mark.parametrize("model", ANSWERS.values())
def test_a_schema_is_flat_and_strict(model):
    found = schema(model)
    assert "$" not in json.dumps(found)
    for node in _nodes(found):
        assert not {"title", "default", "description", "anyOf"} & {key for key in node if key != "properties"}
        if node["type"] == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])


def test_a_property_called_title_is_no_title():
    assert schema(PlanAnswer)["properties"]["title"] == {"type": "string", "minLength": 1, "maxLength": 60}


def test_properties_stand_in_the_order_of_thought():
    assert list(schema(PlanAnswer)["properties"]) == list(PlanAnswer.model_fields)
    assert list(_at(schema(PlanAnswer), "tempo")["properties"]) == ["seen", "because", "value"]


def test_paths_are_those_that_can_be_narrowed():
    known = paths(schema(PlanAnswer))
    assert set(ASKED) < set(known)
    for path in known:
        schema(PlanAnswer, {path: {}})


@pytest.mark.parametrize(
    ("path", "limits", "node"),
    [
        ("genre.value", {"enum": ["waltz", "air"]}, {"type": "string", "enum": ["waltz", "air"]}),
        ("genre.value", {"enum": ["waltz"]}, {"type": "string", "const": "waltz"}),
        ("genre.value", {"const": "waltz"}, {"type": "string", "const": "waltz"}),
        ("genre.value", {"enum": ["waltz", "x" * 41]}, {"type": "string", "const": "waltz"}),
        ("tempo.value", {"minimum": 10, "maximum": 72}, {"type": "integer", "minimum": 20, "maximum": 72}),
        ("tempo.value", {"minimum": 59.5}, {"type": "integer", "minimum": 60, "maximum": 300}),
        ("tempo.value", {"minimum": 71.5, "maximum": 72.5}, {"type": "integer", "const": 72}),
        ("tempo.value", {"enum": [60, 500]}, {"type": "integer", "const": 60}),
        ("emotion.value.valence", {"const": 0.5}, {"type": "number", "const": 0.5}),
        ("dynamics.value", {"enum": ["ff", "fff", "p"]}, {"type": "string", "enum": ["ff", "p"]}),
        ("instruments.value.*.role", {"const": "melody"}, {"type": "string", "const": "melody"}),
    ],
)
def test_narrowing(path, limits, node):
    assert _at(schema(PlanAnswer, {path: limits}), path) == node


def test_narrowing_one_element_leaves_the_others():
    plain, narrow = schema(PlanAnswer), schema(PlanAnswer, {"genre.value": {"const": "waltz"}})
    assert _at(narrow, "form.value") == _at(plain, "form.value")  # the two share a type
    assert schema(PlanAnswer) == plain


@pytest.mark.parametrize("path", ["tempo.valu", "tempo.*", "", "instruments.value.0.role", "$defs"])
def test_an_unknown_path_names_the_nearest(path):
    with pytest.raises(KeyError, match="nearest is"):
        schema(PlanAnswer, {path: {"const": 1}})


def test_the_nearest_path_is_near():
    with pytest.raises(KeyError, match=r"'tempo\.valu'; the nearest is 'tempo\.value'"):
        schema(PlanAnswer, {"tempo.valu": {"const": 72}})


@pytest.mark.parametrize(
    "limits",
    [
        {"minimum": 80, "maximum": 70},
        {"minimum": 301},
        {"enum": []},
        {"enum": ["72"]},
        {"const": 72.5},
        {"const": True},
        {"const": 10},
        {"minimun": 60},
    ],
)
def test_what_leaves_no_value_is_an_error(limits):
    with pytest.raises(ValueError, match=r"^tempo\.value: "):
        schema(PlanAnswer, {"tempo.value": limits})


@pytest.mark.parametrize("step", ANSWERS)
@pytest.mark.parametrize("compact", [False, True])
def test_the_worked_examples_fit_the_schemas(step, compact):
    text = template(step).example.output
    assert _fits(schema(ANSWERS[step], compact=compact), text)
    assert _fits(schema(ANSWERS[step], compact=compact), text.replace(",", ", ")) is not compact
    assert not _fits(schema(ANSWERS[step], compact=compact), text[:-1] + ',"more":1}')


@pytest.mark.parametrize("step", ANSWERS)
def test_whatever_fits_a_schema_is_an_answer(step):
    found = schema(ANSWERS[step], compact=True)
    texts = [_written(found, seed) for seed in range(8)]
    assert len(set(texts)) == 8
    for text in texts:
        ANSWERS[step].model_validate_json(text)


def test_whatever_fits_a_narrowed_schema_keeps_the_requests():
    found = schema(PlanAnswer, ASKED, compact=True)
    for seed in range(8):
        plan = PlanAnswer.model_validate_json(_written(found, seed))
        assert plan.genre.value in ("waltz", "air")
        assert 60 <= plan.tempo.value <= 72
        assert (plan.key.value, plan.meter.value, plan.bars.value) == ("D dorian", "3/4", 16)
        assert plan.emotion.value.valence in (0.35, 0.4)
        assert [one.instrument in ("Cello", "Harp") for one in plan.instruments.value] == [True, True]


def test_a_decoder_chooses_numbers_from_a_list():
    narrow = schema(PlanAnswer, {"emotion.value.arousal": {"minimum": 0.41, "maximum": 0.43}}, compact=True)
    assert _at(narrow, "emotion.value.arousal") == {"type": "number", "enum": [pytest.approx(0.42)]}
    values = _at(narrow, "emotion.value.valence")["enum"]
    assert (values[0], values[-1], len(values)) == (-1, 1, 41)
    assert values == [pytest.approx(at / 20) for at in range(-20, 21)]
    assert _at(narrow, "tempo.value") == {"type": "integer", "minimum": 20, "maximum": 300}
