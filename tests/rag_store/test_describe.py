import math

import pytest

from chiaroscore import NotationError
from notation import parse
from rag_store.builtin import LeftOut, analyse
from rag_store.corpus import RawTune
from rag_store.describe import default_tempo, describe, feel, find_genre, find_mood, measure
from rag_store.fingerprint import fingerprint
from rag_store.trim import trim
from rag_store.words import genre_names, genre_table, mood_names, mood_table, tempo_class

GENRES = (
    "air, jig, reel, hornpipe, march, waltz, polka, minuet, chorale, lullaby, ballad, nocturne, pastorale, "
    "tango, bossa nova, samba, blues, swing, ragtime, rock, pop, funk, electronic, ambient, minimal, "
    "film, fanfare"
)
MOODS = "joyful, excited, tense, angry, sad, melancholy, calm, tender, mysterious, solemn, playful, heroic"
JIG = (
    "X:1\nT:The Test\nR:jig\nM:6/8\nL:1/8\nK:D\n"
    + "|:d2A F2A|dAF D3|e2c A2c|ecA G3:|\n" * 2
    + "|:d2A F2A|dAF D3|e2c ABc|d3 D3:|\n"
)


def raw(abc=JIG, title="The Test", source="oneills", rhythm="jig", number=0, **stated):
    return RawTune(f"{source}:x", abc, title, source, rhythm, number, stated)


def test_vocabularies():
    assert genre_names() == tuple(GENRES.split(", "))
    assert mood_names() == tuple(MOODS.split(", "))
    for rule in (
        *genre_table()["rhythms"].values(),
        *genre_table()["meters"].values(),
        *(g for _, g in genre_table()["titles"]),
    ):
        assert rule in genre_names()
    for cell in mood_table()["plane"]:
        assert set(cell["moods"]) <= set(mood_names())
    assert {m for _, m in mood_table()["titles"]} <= set(mood_names())


@pytest.mark.parametrize(
    ("qpm", "name"),
    [(75.9, "slow"), (76, "moderate"), (111.9, "moderate"), (112, "fast"), (149, "fast"), (150, "very fast")],
)
def test_tempo_classes(qpm, name):
    assert tempo_class(qpm) == name


def test_a_jig_by_hand():
    exemplar, fit = describe(parse(JIG), raw())
    assert fit == 1.0
    assert (exemplar.genre, exemplar.tonic, exemplar.mode, exemplar.meter) == ("jig", "D", "major", "6/8")
    assert (exemplar.tempo, exemplar.tempo_class) == (174.0, "very fast")  # the table's: the tune names none
    assert (exemplar.low, exemplar.high) == (62, 76)  # D4 to E5
    assert (exemplar.voices, exemplar.bars) == (1, 12)
    # bars of four notes in the first two parts, of 4, 4, 5 and 2 in the last; each part is played twice
    assert exemplar.density == pytest.approx((16 + 16 + 15) / 36, abs=1e-3)
    assert exemplar.valence > 0.5
    assert exemplar.source.startswith("music21 corpus, O'Neill")
    assert exemplar.licence == "PD music; encoding licence unstated"


def test_caption_names_what_it_is():
    exemplar, _ = describe(parse(JIG), raw())
    for word in ("jig", "D major", "6/8", "single melody line", "The Test", "Irish", exemplar.mood):
        assert word in exemplar.caption
    assert describe(parse(JIG), raw())[0].caption == exemplar.caption
    assert exemplar.caption[0].isupper() or exemplar.caption[0] == "“"


def test_named_tempo_counts():
    exemplar, _ = describe(parse(JIG.replace("L:1/8", "L:1/8\nQ:3/8=40")), raw())
    assert (exemplar.tempo, exemplar.tempo_class) == (60.0, "slow")
    assert exemplar.genre == "pastorale"  # too slow for a jig


@pytest.mark.parametrize(
    ("title", "rhythm", "source", "number", "meter", "tempo", "genre"),
    [
        ("x", "strathspey", "ryans", 0, "4/4", math.nan, "reel"),
        ("x", "slip jig", "oneills", 0, "9/8", math.nan, "jig"),
        ("The Duke's March", "", "airds", 0, "4/4", math.nan, "march"),
        ("Miss Wade's Minuet", "", "airds", 0, "3/4", math.nan, "minuet"),
        ("x", "", "oneills", 50, "4/4", math.nan, "air"),
        ("x", "", "oneills", 800, "6/8", math.nan, "jig"),
        ("x", "", "oneills", 1400, "2/2", math.nan, "reel"),
        ("x", "", "oneills", 1700, "4/4", math.nan, "hornpipe"),
        ("x", "", "airds", 0, "6/8", math.nan, "jig"),
        ("x", "", "airds", 0, "6/8", 72.0, "pastorale"),
        ("x", "", "fife", 0, "2/4", math.nan, "march"),
        ("The Marchioness", "", "airds", 0, "3/4", math.nan, "air"),  # a word, not a part of one
    ],
)
def test_genres(title, rhythm, source, number, meter, tempo, genre):
    assert find_genre(raw(title=title, rhythm=rhythm, source=source, number=number), meter, tempo) == genre


def test_stated_words_win_and_must_be_known():
    assert find_genre(raw(genre="bossa nova"), "4/4", 130.0) == "bossa nova"
    assert find_mood(raw(mood="angry", title="Merry"), "jig", 0.9, 0.9, 12) == "angry"
    with pytest.raises(NotationError, match="polkka"):
        find_genre(raw(genre="polkka"), "2/4", 120.0)
    with pytest.raises(NotationError, match="bored"):
        find_mood(raw(mood="bored"), "jig", 0.0, 0.0, 12)


def test_moods():
    assert find_mood(raw(title="Lament for Owen"), "air", -0.6, -0.5, 12) == "sad"
    assert (
        find_mood(raw(title="Lament for Owen"), "reel", 0.6, 0.8, 12) != "sad"
    )  # a reel called so is still a reel
    assert find_mood(raw(title="x"), "chorale", 0.5, -0.6, 12) == "solemn"
    assert find_mood(raw(title="x"), "air", -0.5, -0.6, 12) == "melancholy"
    assert find_mood(raw(title="x"), "reel", 0.6, 0.9, 24) == "excited"


def test_feeling():
    """Major is brighter than minor, fast and dense more stirred than slow and sparse; all within [-1, 1]."""
    assert feel("major", 112, 2.0)[0] > feel("dorian", 112, 2.0)[0] > feel("minor", 112, 2.0)[0]
    assert feel("major", 200, 2.0)[1] > feel("major", 60, 2.0)[1]
    assert feel("major", 100, 4.0)[1] > feel("major", 100, 1.0)[1]
    assert all(
        -1 <= x <= 1
        for mode in ("major", "minor")
        for q in (20, 320)
        for r in (0.05, 9)
        for x in feel(mode, q, r)
    )
    assert default_tempo("reel", "2/4") == 104 and default_tempo("reel", "2/2") == 208


def test_key_is_cross_checked_only_where_not_trusted():
    abc = "X:1\nT:t\nM:4/4\nL:1/4\nK:G\n" + "E2 G B|E2 B,2|E F G E|B4|E G B e|B G E2|F D B, D|E4|\n" * 2
    tune = parse(abc)
    assert (measure(tune).key.tonic, measure(tune).key.mode) == ("E", "minor")
    assert (measure(tune, trust=True).key.tonic, measure(tune, trust=True).key.mode) == ("G", "major")


def test_fingerprint_is_transposition_invariant():
    body = "|:d2A F2A|dAF D3|e2c A2c|ecA G3:|\n"
    up = "|:e2B G2B|eBG E3|^f2d B2d|^fdB A3:|\n"  # a whole tone higher, spelled out
    other = "|:d2A F2A|dAF E3|e2c A2c|ecA F3:|\n"
    prints = [fingerprint(parse("X:1\nT:t\nM:6/8\nL:1/8\nK:C\n" + text * 2)) for text in (body, up, other)]
    assert prints[0] == prints[1] != prints[2]
    graced = fingerprint(parse("X:1\nT:t\nM:6/8\nL:1/8\nK:C\n" + body.replace("|:d2", "|:{c}d2") * 2))
    assert graced == prints[0]


def test_trim_cuts_after_a_part():
    part = "CDEF|GABc|cBAG|FEDC:|\n"
    tune = parse("X:1\nT:t\nM:4/4\nL:1/4\nK:C\n" + part * 5)
    cut = trim(tune, 10)
    assert tune.abc.startswith(cut.rstrip())
    assert sum(bar.number > 0 for bar in parse(cut).voices[0].bars) == 8
    assert cut.rstrip().endswith(":|")
    assert trim(tune, 64) == tune.abc


@pytest.mark.parametrize(
    ("abc", "reason"),
    [
        (JIG.replace("d2A F2A|", "d2A F2A2|"), "bar-length"),
        ("X:1\nT:t\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n", "2 bars"),
        ("X:1\nT:t\nM:4/4\nL:1/4\nK:C\n" + "^C^D^F^G|" * 12 + "\n", "fit"),
    ],
)
def test_left_out(abc, reason):
    with pytest.raises(LeftOut, match=reason):
        analyse(raw(abc, rhythm=""))


def test_slurs_of_old_titles_are_left_out():
    with pytest.raises(LeftOut, match="title"):
        analyse(raw(title="Old Zip Coon"))


def test_a_mistake_in_our_own_file_is_an_error():
    with pytest.raises(NotationError, match="built-in exemplar"):
        analyse(raw("X:1\nT:t\nM:4/4\nL:1/4\nK:C\nCDE|GABc|\n", source="chiaroscore"))
