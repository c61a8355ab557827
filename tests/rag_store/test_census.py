import shutil

from rag_store.store import Store


def test_missing_rows_orphans_and_changed_exemplars_are_counted(small_place, embedder, tmp_path):
    place = shutil.copytree(small_place, tmp_path / "s")
    with Store.open(place, embedder=embedder) as store:
        first, second = list(store.catalogue.entries())[:2]
        whole = store.examine()
        assert whole.problems() == [] and all(one.recall == 1 for one in whole.spaces)
        store._index.delete([first.exemplar.id])
        store._catalogue._connection.execute("DELETE FROM vectors WHERE row = 2")
        store._catalogue._connection.execute("UPDATE exemplars SET title = 'forged' WHERE row = 3")
        found = store.examine()
        gone = store.catalogue.ids_in("text")
        for one in found.spaces:
            assert one.missing == (first.exemplar.id,)
            assert one.orphans == tuple({e for e in store.catalogue.ids()} - set(gone))
            assert one.exemplars == found.count - 1 and one.indexed == found.count - 1
            assert one.asked == found.count - 2 and one.lost == ()
        assert not found.intact
        said = "\n".join(found.problems())
        assert first.exemplar.id in said and "rows of no exemplar" in said and "not those" in said
        assert second.exemplar.id not in said or found.spaces[0].orphans == (second.exemplar.id,)


def test_a_row_that_nothing_reaches_lowers_the_recall(small_place, embedder, tmp_path):
    place = shutil.copytree(small_place, tmp_path / "s")
    with Store.open(place, embedder=embedder) as store:
        entry = next(store.catalogue.entries())
        moved = -entry.vectors["text"]
        store._catalogue._connection.execute(
            "UPDATE vectors SET vector = ? WHERE space = 'text' AND row = "
            "(SELECT row FROM exemplars WHERE id = ?)",
            [moved.astype("<f4").tobytes(), entry.exemplar.id],
        )
        [text] = [one for one in store.examine().spaces if one.space == "text"]
        assert text.lost == (entry.exemplar.id,)
        assert text.recall == 1 - 1 / text.asked
