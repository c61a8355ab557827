"""Twenty ingests, each killed with SIGKILL at a random moment and run again: as if nothing had been."""

import json
import pathlib
import random
import shutil
import subprocess
import sys

import pytest

from rag_store.catalogue import Catalogue
from rag_store.store import Store

HERE = pathlib.Path(__file__).parent
KILLS = 20


@pytest.fixture(scope="module")
def music(tmp_path_factory, sixty):
    """Tunes in files and in a book, a copy in another key, and files that hold none."""
    folder = tmp_path_factory.mktemp("music")
    tunes = [e for e in sixty if e.source != "written for Chiaroscore"][:20]
    for number, tune in enumerate(tunes[:10]):
        (folder / f"{number:02d}.abc").write_text(tune.abc)
    (folder / "book.abc").write_text(
        "\n\n".join(t.abc.replace("X:1", f"X:{n}") for n, t in enumerate(tunes[10:], 1))
    )
    (folder / "copy.abc").write_text(tunes[0].abc)
    (folder / "prose.abc").write_text("X:1\nT:no tune\n")
    (folder / "broken.mid").write_bytes(b"MThd\0\0\0\6\0")
    return folder


@pytest.fixture(scope="module")
def forks():
    process = subprocess.Popen(
        [sys.executable, str(HERE / "killed.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def order(store, folder, after=0.0):
        process.stdin.write(json.dumps({"store": str(store), "folder": str(folder), "after": after}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield order
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def state(place, embedder):
    """Everything a store holds, as plain data; it must be sound."""
    with Store.open(place, embedder=embedder) as store:
        assert store.check() == []
        catalogue = Catalogue(store._folder)
        entries = [
            (e.exemplar, e.print, [(list(line.onset), list(line.pitch)) for line in e.lines],
             {space: row.tobytes() for space, row in e.vectors.items()})
            for e in catalogue.entries()
        ]  # fmt: skip
        found = entries, catalogue.notes(), catalogue.content, store._index.counts()
        catalogue.close()
    return found


@pytest.mark.timeout(900)
def test_killed_ingests(tmp_path, sixty, music, forks, killed):
    embedder = killed.Hashed()
    base = tmp_path / "base"
    Store.build(
        base, [e for e in sixty if e.source == "written for Chiaroscore"][:3], embedder=embedder
    ).close()
    shutil.copytree(base, tmp_path / "whole")
    undisturbed = forks(tmp_path / "whole", music)
    assert undisturbed["ended"] == 0
    expected = state(tmp_path / "whole", embedder)
    stored = [note for note in expected[1].values() if note.outcome == "stored"]
    assert len(stored) == 20 and {n.outcome for n in expected[1].values()} > {"stored", "copy"}
    rng, killed_in_time = random.Random(6), 0
    for number in range(KILLS):
        place = tmp_path / f"{number}"
        shutil.copytree(base, place)
        ended = forks(place, music, after=rng.uniform(0.02, 0.98) * undisturbed["seconds"])
        killed_in_time += ended["ended"] == -9
        assert forks(place, music)["ended"] == 0
        assert state(place, embedder) == expected
        shutil.rmtree(place)
    assert killed_in_time >= KILLS // 2


def test_an_ingest_again_reads_nothing(tmp_path, sixty, music, killed):
    from rag_store.ingest.ingest import ingest

    with Store.build(tmp_path / "s", sixty[:3], embedder=killed.Hashed()) as store:
        first = ingest(store, [music], name="twice", licence="CC0-1.0", processes=1)
        again = ingest(store, [music], name="twice", licence="CC0-1.0", processes=1)
        assert first.stored and first.known == 0
        assert again.stored == 0 and again.known == again.found == first.found
        assert store.check() == []
