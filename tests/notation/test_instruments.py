"""The instrument table against General MIDI, and how names are found."""

import pytest

from chiaroscore import ControlError
from notation.instruments import DRUM_KIT, Instrument, ensemble, families, instrument, instruments


def test_the_table_has_the_128_programs_in_order_and_one_kit():
    pitched = [one for one in instruments() if not one.percussion]
    assert [one.program for one in pitched] == list(range(128))
    assert [one.name for one in instruments() if one.percussion] == [DRUM_KIT]
    assert len({one.name for one in instruments()}) == 129


@pytest.mark.parametrize(
    ("program", "name"),  # checked by hand against the General MIDI level 1 sound set
    [
        (0, "Acoustic Grand Piano"),
        (11, "Vibraphone"),
        (21, "Accordion"),
        (23, "Tango Accordion"),
        (24, "Nylon Guitar"),
        (32, "Acoustic Bass"),
        (40, "Violin"),
        (42, "Cello"),
        (46, "Harp"),
        (48, "String Ensemble 1"),
        (56, "Trumpet"),
        (60, "French Horn"),
        (65, "Alto Sax"),
        (68, "Oboe"),
        (71, "Clarinet"),
        (73, "Flute"),
        (81, "Sawtooth Lead"),
        (89, "Warm Pad"),
        (104, "Sitar"),
        (110, "Fiddle"),
        (127, "Gunshot"),
    ],
)
def test_programs_are_those_of_general_midi(program, name):
    assert instrument(program).name == name


def test_names_and_numbers_agree_with_an_independent_table():
    """Pretty_midi carries its own copy of the General MIDI list: every name shares a word with ours."""
    import pretty_midi
    from pretty_midi.constants import INSTRUMENT_MAP

    assert pretty_midi and len(INSTRUMENT_MAP) == 128
    for program, theirs in enumerate(INSTRUMENT_MAP):
        ours = instrument(program)
        spoken = " ".join((ours.name, *ours.aliases)).lower()
        words = [word.strip("()+").lower() for word in theirs.replace("-", " ").split()]
        assert any(word and word in spoken.replace("-", " ") for word in words), (program, theirs, ours.name)


@pytest.mark.parametrize("one", instruments(), ids=lambda one: one.name)
def test_every_row_is_sound(one: Instrument):
    assert 0 <= one.low <= one.comfortable_low < one.comfortable_high <= one.high <= 127
    assert one.clef in {"treble", "bass", "alto"} or (one.percussion and one.clef == "perc")
    assert set(one.roles) <= {"melody", "counter", "harmony", "bass", "pad", "percussion"}
    assert instrument(one.name) is one
    if not one.percussion:
        assert instrument(one.program) is one
    for alias in one.aliases:
        assert instrument(alias) is one


@pytest.mark.parametrize(
    ("name", "low", "high"),  # open strings and well-known lowest notes, sounding
    [
        ("violin", 55, 103),
        ("viola", 48, 91),
        ("cello", 36, 81),
        ("contrabass", 28, 67),
        ("piano", 21, 108),
        ("nylon guitar", 40, 84),
        ("bassoon", 34, 75),
        ("oboe", 58, 91),
        ("piccolo", 74, 108),
        ("alto sax", 49, 81),
    ],
)
def test_known_ranges(name, low, high):
    assert (instrument(name).low, instrument(name).high) == (low, high)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("piano", "Acoustic Grand Piano"),
        ("CELLO", "Cello"),
        ("celli", "Cello"),
        ("cellos", "Cello"),
        ("Flutes", "Flute"),
        ("double basses", "Contrabass"),
        ("vibra", "Vibraphone"),
        ("  French-horn ", "French Horn"),
        ("drums", "Drum Kit"),
        ("lead 1 (square)", "Square Lead"),
        ("bandoneon", "Tango Accordion"),
        ("strings", "String Ensemble 1"),
    ],
)
def test_names_are_found_as_people_write_them(asked, found):
    assert instrument(asked).name == found


@pytest.mark.parametrize(
    "asked", ["kazoo", "", "   ", "\x00", "x" * 10_000, 128, -1, 10**20, True, None, 3.5, ["flute"]]
)
def test_unknown_instruments_are_refused_in_one_short_line(asked):
    with pytest.raises(ControlError) as caught:
        instrument(asked)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_the_refusal_names_the_nearest_and_an_ambiguous_beginning_names_all():
    with pytest.raises(ControlError, match=r"nearest: .*Clarinet"):
        instrument("clarinett")
    with pytest.raises(ControlError, match="Viola, Violin"):
        instrument("vio")


def test_families():
    assert [one.name for one in instruments("reed")][-1] == "Clarinet"
    assert {one.name for one in instruments("woodwinds")} > {"Flute", "Oboe", "Clarinet", "Bassoon"}
    assert instruments("drums") == (instrument("Drum Kit"),)
    assert [one.name for one in ensemble("strings")] == ["Violin", "Viola", "Cello"]
    assert all(instruments(name) for name in families())
    with pytest.raises(ControlError, match="family 'vegetables' is unknown; nearest"):
        instruments("vegetables")
    with pytest.raises(ControlError, match="only noises"):
        ensemble("sound effects")
