from rag_store.searching.wanted import Wanted
from rag_store.searching.why import Place, reasons


def test_short_and_whole(made):
    columns = made(
        [{"genre": "tango", "meter": "4/4", "mood": "calm", "tempo": 92.3, "instruments": "Violin|Harp"}]
    )
    wanted = Wanted(genre="tango", meter="4/4", mood="sad", tempo=90.0, instruments=("Harp",), valence=-1.0)
    places = [Place("text", 3, 0.701), Place("music", 1, 0.999)]
    assert reasons(columns, 0, wanted, places, 2, {"bars": "8 to 16"}) == (
        "broad: rank 3, cosine 0.70",
        "music: rank 1, cosine 1.00",
        "targeted: rank 2, genre tango, meter 4/4, instruments Violin and Harp, tempo 92.3 "
        "(not mood sad, valence -1)",
        "filter: bars 8 to 16",
    )


def test_what_was_read_is_said_to_be(made):
    columns = made([{"mode": "minor"}])
    read = Wanted(mode="minor", read=frozenset({"mode"}))
    assert reasons(columns, 0, read, [], 1, {}) == ("targeted: rank 1, mode minor [read from the text]",)
    assert reasons(columns, 0, read, [], 0, {}) == ()
