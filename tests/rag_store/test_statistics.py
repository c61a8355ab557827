import dataclasses
import sys
from collections import Counter

import pytest
from PIL import Image

from chiaroscore import InputError, MissingPartError
from rag_store import statistics
from rag_store.columns import NUMBERS, TEXTS, Coded, Columns
from rag_store.picture import plot


def columns_of(exemplars):
    import numpy as np

    return Columns(
        tuple(e.id for e in exemplars),
        {e.id: i for i, e in enumerate(exemplars)},
        {name: Coded.of([getattr(e, name) for e in exemplars]) for name in TEXTS},
        {name: np.array([getattr(e, name) for e in exemplars], np.float32) for name in NUMBERS},
        Coded.of(["|".join(e.instruments) for e in exemplars]),
        np.array([len(e.abc) for e in exemplars], np.int32),
    )


def test_what_is_counted_is_what_is_there(small, sixty):
    stats = small.stats()
    for name in statistics.COUNTED:
        assert stats[name] == Counter(getattr(exemplar, name) for exemplar in sixty), name
        assert list(stats[name].values()) == sorted(stats[name].values(), reverse=True)
    assert stats["tempo"]["mean"] == pytest.approx(sum(e.tempo for e in sixty) / len(sixty), abs=0.01)
    assert sum(stats["bars"]["counts"]) == sum(stats["tempo"]["counts"]) == len(sixty)
    assert sum(map(sum, stats["emotion"]["counts"])) == len(sixty)
    assert stats["bytes"] > sum(len(exemplar.abc) for exemplar in sixty)


def test_classes_years_and_instruments(sixty):
    first, second, third = (
        dataclasses.replace(sixty[i], tempo=tempo, valence=valence, arousal=0.6, year=year, instruments=plays)
        for i, (tempo, valence, year, plays) in enumerate(
            [(60.0, -0.2, 1883, ("Flute", "Cello")), (69.9, 1.0, 1889, ("Cello",)), (360.0, -0.21, 0, ())]
        )
    )
    found = statistics.counts(columns_of([first, second, third]))
    assert found["decade"] == {"1880s": 2, "unknown": 1}
    assert found["instruments"] == {"Cello": 2, "Flute": 1, "unstated": 1}
    tempo = dict(zip(found["tempo"]["edges"], found["tempo"]["counts"], strict=False))
    assert tempo[60] == 2 and tempo[230] == 1  # a lower end belongs to its class; the last holds all beyond
    at = found["emotion"]["edges"].index
    grid = found["emotion"]["counts"]
    assert grid[at(-0.2)][at(0.6)] == 1 and grid[at(-0.4)][at(0.6)] == 1 and grid[at(0.8)][at(0.6)] == 1


def test_a_store_of_nothing_has_statistics():
    found = statistics.counts(columns_of([]))
    assert found["genre"] == {} and sum(found["tempo"]["counts"]) == 0


def test_the_plot_is_a_picture(small, tmp_path):
    path = plot(small.stats(), tmp_path / "new" / "stats.png")
    with Image.open(path) as drawn:
        assert drawn.width > 1000 and len(drawn.convert("L").getcolors()) > 50


def test_a_plot_that_cannot_be(small, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"must end in \.png"):
        plot(small.stats(), tmp_path / "stats.bmp")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        plot(small.stats(), tmp_path / "file" / "stats.png")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPartError, match=r"chiaroscore\[plot\]"):
        plot(small.stats(), tmp_path / "stats.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]
