"""The MIDI of three Debian packages, taken in whole: what a user with a folder of games' music has.

``make test`` fetches the packages by name (`scripts/debian_midi.sh`); without them the test is skipped, but
not in continuous integration.
"""

import os
import pathlib
import sys

import pytest

from rag_store.ingest.ingest import ingest
from rag_store.store import Store

FOLDER = pathlib.Path(os.environ.get("CHIAROSCORE_TEST_MIDI", pathlib.Path(sys.prefix) / "midi"))
LICENCES = {"freedoom": "BSD-3-Clause", "simutrans-data": "Artistic-1.0", "openttd-openmsx": "GPL-2.0-only"}


@pytest.mark.timeout(900)
def test_games_music(tmp_path, hashed):
    if not (FOLDER / "complete").is_file():
        assert not os.environ.get("CI"), "the packages were not fetched"
        pytest.skip(f"no MIDI of Debian packages in {FOLDER}; make test fetches it")
    with Store.create(tmp_path / "store", embedder=hashed) as store:
        reports = {
            name: ingest(store, [FOLDER / name / "usr/share/games"], name=name, licence=licence)
            for name, licence in LICENCES.items()
        }
        assert {name: one.found for name, one in reports.items()} == {
            "freedoom": 67, "simutrans-data": 53, "openttd-openmsx": 31,
        }  # fmt: skip
        refused = [refusal for one in reports.values() for refusal in one.refusals]
        assert all(refusal.kind in ("free rhythm", "copy") and refusal.reason for refusal in refused)
        assert sum(one.stored for one in reports.values()) == store.count() >= 0.9 * 151
        genres = store.stats()["genre"]
        assert sum(genres.values()) == store.count() and {"rock", "pop", "electronic"} <= set(genres)
        stated = store.stats()["licence"]
        assert sum(stated.values()) == store.count() and set(stated) <= set(LICENCES.values())
        assert store.check() == []
        hits = store.search(genre="rock", k=3)
        assert [hit.exemplar.genre for hit in hits] == ["rock"] * 3
        assert all(hit.exemplar.instruments for hit in hits)
