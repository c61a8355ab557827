import pickle

import pytest

from notation import check, parse
from rag_store.builtin import data_folder, load_shipped
from rag_store.corpus import corpus_folder, read_book, read_original
from rag_store.fingerprint import fingerprint
from rag_store.ingest.item import Facts, Item, Prepared, Refused
from rag_store.ingest.prepare import MOST_CHARACTERS, prepare
from rag_store.ingest.reasons import REASONS
from rag_store.ingest.sources import find
from rag_store.reading.abc_clean import cleaned
from render import midi

JUNK = (
    b"", b"\x00" * 64, b"MThd\x00\x00\x00\x06", b"PK\x03\x04junk",
    b"**kern\n4c\n\xff", b"<a>", b"X:1\nK:C\n\xfe",
)  # fmt: skip
REEL = "R:reel\nM:4/4\nL:1/8\nK:D\n" + "|:d2FA d2fd|edcB A2FA|BGBd AFDF|EDEF E2FE:|\n" * 4
POP = (  # two voices and a drum kit with a backbeat
    "X:1\nT:{title}\nM:4/4\nL:1/8\nQ:1/4=120\n%%score 1 2 3\n"
    'V:1 name="Guitar" clef=treble\nV:2 name="Bass" clef=bass\nV:3 name="Drum Kit" clef=perc\nK:Am\n'
    "V:1\n%%MIDI program 27\n" + "A2c2 e2c2|d2f2 a2f2|e2^g2 b2g2|a2e2 c2A2|\n" * 4
    + "V:2\n%%MIDI program 33\n" + "F,,4 C,4|B,,4 D,4|C,4 F,,4|F,,4 C,4|\n" * 4
    + "V:3\n%%MIDI channel 10\n%%MIDI drummap F 36\n%%MIDI drummap c 38\n" + ("F2c2 F2c2|" * 4 + "\n") * 4
)  # fmt: skip


def book(tmp_path, text, name="book.abc"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def only(path, **options):
    (item,) = find([path], **options)
    return prepare(item)


def test_a_tune(tmp_path):
    text = f"X:7\nT:Silver Spear, The\n% mood: heroic\nZ:me\nw:la la\nB:Book of 1850\n{REEL}"
    ready = only(book(tmp_path, text), name="mine", licence="CC0-1.0")
    assert isinstance(ready, Prepared)
    made = ready.exemplar
    assert (made.id, made.title, made.genre, made.mood) == (
        "mine:book.abc",
        "The Silver Spear",
        "reel",
        "heroic",
    )
    assert (made.licence, made.year, made.meter, made.bars, made.instruments) == (
        "CC0-1.0",
        1850,
        "4/4",
        16,
        (),
    )
    assert made.tonic == "D" and check(made.abc) == [] and "la la" not in made.abc and "Z:" not in made.abc
    assert len(ready.lines) == 1 and ready.print
    assert pickle.loads(pickle.dumps(ready)).exemplar == made
    assert prepare(next(iter(find([tmp_path / "book.abc"], name="mine", licence="CC0-1.0")))).exemplar == made


def test_a_tune_of_a_book_is_read_alone(tmp_path):
    path = book(tmp_path, "".join(f"X:{n}\nT:Nümber {n}\n{REEL}\n\n" for n in range(1, 40)))
    items = list(find([path]))
    assert [prepare(item).exemplar.title for item in items[::13]] == ["Nümber 1", "Nümber 14", "Nümber 27"]


def test_voices_and_sounds_stay(tmp_path):
    ready = only(book(tmp_path, POP.format(title="Rockin trucker")))
    made = ready.exemplar
    assert made.instruments[1:] == ("Fingered Bass", "Drum Kit") and len(made.instruments) == 3
    assert (made.genre, made.voices, made.tempo) == ("rock", 3, 120.0)
    assert made.abc.count("%%MIDI") == 5 and len(ready.lines) == 2
    assert "drum kit" in made.caption


@pytest.mark.parametrize(
    ("facts", "genre", "mood"),
    [
        (Facts(genre="electronic, classical", mood="film, epic, dark"), "electronic", "heroic"),
        (Facts(genre="jazz"), "swing", None),
        (Facts(genre="hiphop", mood="sad"), "pop", "sad"),
        (Facts(caption="A gentle bossa nova with a guitar."), "bossa nova", "tender"),
        (Facts(title="Wayside Blues"), "blues", None),
        (Facts(), "rock", None),  # a guitar over a backbeat
        (Facts(title="The old house in the country"), "rock", None),  # no house, no country music
    ],
)
def test_what_the_source_says_comes_first(tmp_path, facts, genre, mood):
    path = tmp_path / "1a0751ad20e2f82957410a7510a1b13e.mid"
    path.write_bytes(midi(parse(POP.format(title=""))))
    ready = prepare(Item("midicaps:x", path, "midi", facts=facts))
    assert isinstance(ready, Prepared), ready
    assert ready.exemplar.genre == genre and mood in (None, ready.exemplar.mood)
    assert ready.exemplar.caption.startswith(facts.caption)
    assert len(ready.exemplar.abc) <= MOST_CHARACTERS and not any(
        p.severity == "error" for p in check(ready.exemplar.abc)
    )


def test_captions_are_bounded_and_plain(tmp_path):
    path = book(tmp_path, f"X:1\nT:x\n{REEL}")
    ready = prepare(
        Item("a:b", path, "abc", facts=Facts(caption="la\x00 \x1b[2J\n" + "word " * 900, title="t" * 900))
    )
    assert len(ready.exemplar.caption) <= 900 and ready.exemplar.caption.isprintable()
    assert len(ready.exemplar.title) <= 100


def test_long_tunes_are_cut(tmp_path):
    long = only(book(tmp_path, f"X:1\nT:x\n{REEL}" + "|:d2FA d2fd|edcB A2FA|BGBd AFDF|EDEF E2FE:|\n" * 60))
    assert long.exemplar.bars <= 64 and len(long.exemplar.abc) <= MOST_CHARACTERS
    many = POP.format(title="x")
    for bar in ("A2c2 e2c2|d2f2 a2f2|", "F,,4 C,4|B,,4 D,4|", "F2c2 F2c2|F2c2 F2c2|"):
        many = many.replace(bar, bar * 9, 4)
    made = only(book(tmp_path, many)).exemplar
    assert len(many) > MOST_CHARACTERS >= len(made.abc) and made.voices == 3 and 8 <= made.bars <= 16


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("X:1\nT:x\nM:4/4\nL:1/4\nK:D\nDFAd|dAFD|\n", "too short"),
        (f"X:1\nT:x\n{REEL}|A2|B3 c|\n", "notation"),
        ("X:1\nT:x\nM:4/4\nL:1/8\nK:D\n" + "d^de=f ^fg^ga|=c_B=B^A A_A=G=F|\n" * 8, "off key"),
        (f"X:1\nT:x\n{REEL.replace('K:D', 'K:none')}", "no notes"),
        ("X:1\nT:x\nK:D\n" + "[" * 99, "unreadable"),
        ("X:1\nT:x\nM:4/4\nL:1/8\nK:D\n" + "ABcd efga|\n" * 15_000, "too large"),
    ],
)
def test_refused_tunes(tmp_path, text, kind):
    (found,) = find([book(tmp_path, text)])
    refused = prepare(found) if isinstance(found, Item) else found[1]
    assert isinstance(refused, Refused) and refused.kind == kind, refused


@pytest.mark.parametrize("kind", ["abc", "midi", "musicxml", "kern", "wad"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 64,
        b"MThd\x00\x00\x00\x06",
        b"PK\x03\x04junk",
        b"**kern\n4c\n\xff",
        b"<a>",
        b"X:1\nK:C\n\xfe",
    ],
)
def test_nothing_raises(tmp_path, kind, data):
    path = tmp_path / "file"
    path.write_bytes(data)
    refused = prepare(Item("a:b", path, kind, "LUMP" if kind == "wad" else ""))
    assert isinstance(refused, Refused) and refused.kind in REASONS and refused.reason
    assert isinstance(prepare(Item("a:b", tmp_path / "gone", kind)), Refused)


def test_scores(tmp_path):
    made = prepare(
        Item("m:k545", corpus_folder() / "mozart/k545/movement1_exposition.mxl", "musicxml")
    ).exemplar
    assert made.tonic in "CG" and made.instruments == ("Acoustic Grand Piano",) and made.licence == "unstated"
    kern = prepare(Item("m:agnus", corpus_folder() / "palestrina/Agnus_00.krn", "kern")).exemplar
    assert (kern.genre, kern.instruments, kern.licence) == ("chorale", ("Choir Aahs",), "all rights reserved")


def test_fingerprint_of_a_resting_first_voice():
    rest = "X:1\nM:4/4\nL:1/4\nV:1\nV:2\nK:{}\nV:1\n" + "z4|" * 8 + "\nV:2\n{}\n"
    tune, up, other = "CDEF|GABc|" * 4, "DEFG|ABcd|" * 4, "CEGc|cGEC|" * 4
    prints = [fingerprint(parse(rest.format(*pair))) for pair in (("C", tune), ("D", up), ("C", other))]
    assert prints[0] == prints[1] != prints[2] and all(prints)
    assert fingerprint(parse("X:1\nM:4/4\nL:1/4\nK:C\nz4|z4|z4|")) == ""


def test_shipped_exemplars_have_instruments():
    fields = {name: entry["fields"] for name, entry in load_shipped().kept.items()}
    chorales = [one["instruments"] for name, one in fields.items() if name.startswith("bach:")]
    assert len(chorales) > 250 and all(names == ["Choir Aahs"] for names in chorales)
    assert all(one["instruments"] for name, one in fields.items() if name.startswith("chiaroscore:"))
    assert {one["year"] for name, one in fields.items() if name.startswith("oneills:")} == {1903}


def test_cleaning_changes_no_note():
    """The built-in texts, cleaned as a user's would be, play the same notes."""
    tunes = [*read_original(data_folder() / "exemplars")][::8]
    tunes += [*read_book(corpus_folder() / "miscFolk/northumbrianminstrelsyopus.abc", "northumbrian")][::12]
    for raw in tunes:
        before, after = parse(raw.abc), parse(cleaned(raw.abc).abc)
        assert [(n.pitch, n.onset, n.duration) for n in before.performance.notes] == [
            (n.pitch, n.onset, n.duration) for n in after.performance.notes
        ]
