"""The genre table: every record sound, its players real, its themes known."""

import pytest

from agent.genres import Genre, genre, genres
from agent.keys import MODES, key_near
from agent.moods import find_mood, mood, moods, nearest_mood
from agent.offline.length import sections_of
from agent.offline.reading import theme_table
from agent.offline.writer.theory import MODES as WRITER_MODES
from agent.tempo import METERS
from chiaroscore import ControlError
from notation import instrument

CANONICAL = """
    air, jig, reel, hornpipe, march, waltz, polka, minuet, chorale, lullaby, ballad, nocturne, pastorale,
    tango, bossa nova, samba, blues, swing, ragtime, rock, pop, funk, electronic, ambient, minimal, film,
    fanfare
"""
MOODS = "joyful, excited, tense, angry, sad, melancholy, calm, tender, mysterious, solemn, playful, heroic"


def test_the_canonical_genres_are_all_there_and_nothing_else():
    assert [one.name for one in genres()] == _names(CANONICAL)


def test_the_writer_knows_every_genre():
    from agent.offline.writer.pattern import table

    assert set(table("styles")["genres"]) == set(_names(CANONICAL))


@pytest.mark.parametrize("one", genres(), ids=lambda one: one.name)
def test_every_record_is_sound(one: Genre):
    low, usual, high = one.tempo
    assert 20 <= low < usual < high <= 300
    assert set(one.meters) <= set(METERS) and len(set(one.meters)) == len(one.meters)
    assert set(one.modes) <= set(MODES) and set(one.modes) <= set(WRITER_MODES)
    assert -1 <= one.valence <= 1 and -1 <= one.arousal <= 1 and 0.2 < one.spread < 0.8
    assert one.articulation in ("legato", "normal", "staccato") and 0 <= one.swing <= 1
    assert set(one.calls) <= set(theme_table()), "a theme that nothing can show"
    assert all(0 < strength <= 1 for strength in (*one.calls.values(), *one.words.values()))
    assert set(one.mood) <= set(_names(MOODS)) and one.rhythm and one.source
    assert any(8 <= section * sections_of(form) <= 64 for form in one.forms for section in one.section)
    for mode in one.modes:
        assert any(key_near(tonic, mode, one.most_accidentals) for tonic in range(12))


@pytest.mark.parametrize("one", genres(), ids=lambda one: one.name)
def test_every_lineup_can_play(one: Genre):
    assert len(one.lineups) >= 2
    for lineup in one.lineups:
        roles = [role for _, role in lineup.parts]
        assert len(set(roles)) == len(roles) and {"melody", "harmony", "bass"} <= set(roles)
        assert len(set(roles) - {"percussion"}) >= 3
        assert ("percussion" in roles) == one.percussion
        assert set(lineup.suits) <= set(theme_table()) | {"bright", "dark", "soft"}
        for name, role in lineup.parts:
            player = instrument(name)
            assert player.name == name and role in player.roles, (name, role)
        bass = next(instrument(name) for name, role in lineup.parts if role == "bass")
        assert bass.comfortable_low <= 43, "a bass that cannot go down to G2"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Bossa-Nova", "bossa nova"),
        ("WALTZ", "waltz"),
        ("waltzs", "waltz"),
        ("jazz", "swing"),
        ("EDM", "electronic"),
    ],
)
def test_genres_as_people_write_them(asked, found):
    assert genre(asked).name == found
    assert genre(genre(asked)) is genre(asked)


@pytest.mark.parametrize("asked", ["salsa", "", None, 3, "x" * 10_000])
def test_unknown_genres_are_refused_with_the_list(asked):
    with pytest.raises(ControlError, match="bossa nova, samba") as caught:
        genre(asked)
    assert len(str(caught.value)) < 500


def test_the_twelve_moods_and_their_places():
    assert [one.name for one in moods()] == _names(MOODS)
    for one in moods():
        assert nearest_mood(one.valence / 1.6, one.arousal / 1.6) == one
        assert all(find_mood(word) == one for word in one.synonyms)
    # signs as in Russell's circumplex
    assert (
        mood("joyful").valence > 0 > mood("sad").valence
        and mood("excited").arousal > 0 > mood("calm").arousal
    )
    assert mood("angry").valence < 0 < mood("angry").arousal
    with pytest.raises(ControlError, match="nearest"):
        mood("hungry")
    with pytest.raises(ControlError, match="not a word"):
        mood(3)


def test_themes_imply_known_themes_without_end():
    table = theme_table()
    for row in table.values():
        assert set(row["implies"]) <= set(table)
        assert all(0 < share <= 1 for share in row["implies"].values())


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",")]
