"""What is searched for a picture without a plan."""

import json
import pathlib

import pytest

from agent.scene_query import scene_query
from prompts import Scene
from rag_store.words import genre_names, mood_names

SCENES = {
    name: Scene(**scene)
    for name, scene in json.loads(pathlib.Path(__file__).with_name("planner_scenes.json").read_text())[
        "scenes"
    ].items()
}


def felt(name, valence, arousal, words=("picture",)):
    scene = SCENES[name]
    emotion = scene.emotion.model_copy(update={"words": list(words), "valence": valence, "arousal": arousal})
    return scene.model_copy(update={"emotion": emotion})


@pytest.mark.parametrize("name", SCENES)
def test_every_scene_gives_a_query_in_the_words_of_the_store(name):
    query = scene_query(SCENES[name])
    assert query.mood in mood_names()
    assert len(query.genres) == 3 and set(query.genres) <= set(genre_names())
    assert -1 <= query.valence <= 1 and -1 <= query.arousal <= 1
    assert 40 < query.tempo[0] < query.tempo[1] < 240
    assert 0 < sum(share for _, share in query.colours) <= 1.001
    assert query.mood in query.text.lower() and "  " not in query.text and ", ," not in query.text
    json.dumps(query.record())


def test_a_stirred_picture_asks_for_faster_fuller_music_than_a_calm_one():
    calm, stirred = (scene_query(felt("d02_dandelions_gold", 0.3, arousal)) for arousal in (-0.6, 0.5))
    assert calm.tempo[1] < stirred.tempo[1] and calm.density < stirred.density
    assert "slow" in calm.text.lower() or "moderate" in calm.text.lower()
    assert "fast" in stirred.text.lower() and "loud" in stirred.text


def test_the_mode_is_named_only_where_the_picture_leans_to_one():
    modes = [scene_query(felt("d08_cameraman_bw", valence, 0.0)).mode for valence in (-0.6, 0.0, 0.6)]
    assert modes[0] == "minor" and modes[2] == "major"
    assert "minor" in scene_query(felt("d08_cameraman_bw", -0.6, 0.0)).text
    unsure = scene_query(felt("d08_cameraman_bw", -0.1, 0.0))
    assert unsure.mode is None and "major" not in unsure.text and "minor" not in unsure.text


def test_what_is_seen_and_said_is_in_the_query():
    query = scene_query(SCENES["d12_painting_stormy_sea"])
    assert "sea" in query.themes and "sea" in query.text
    assert query.mood == "tense"
    assert query == scene_query(SCENES["d12_painting_stormy_sea"])
