import csv
import json
import os

import pytest

from chiaroscore import ControlError, InputError
from rag_store.ingest.item import Item
from rag_store.ingest.reasons import REASONS
from rag_store.ingest.sources import find
from rag_store.licensing import licence_of

TUNE = "X:{}\nT:Tune {}\nM:4/4\nL:1/4\nK:D\nDFAd|dAFD|\n\n"
MIDI = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk\x00\x00\x00\x04\x00\xff\x2f\x00"


def found(*paths, **options):
    items = [one for one in find(paths, **options) if isinstance(one, Item)]
    refused = [one for one in find(paths, **options) if not isinstance(one, Item)]
    assert all(why.kind in REASONS for _, why in refused)
    return items, refused


def test_a_folder(tmp_path):
    home = tmp_path / "My Music!"
    (home / "b" / "deep").mkdir(parents=True)
    (home / ".hidden").mkdir()
    (home / "b" / "deep" / "z.mid").write_bytes(MIDI)
    (home / ".hidden" / "x.mid").write_bytes(MIDI)
    (home / "a.abc").write_text(
        "% no tune\n" + TUNE.format(3, "a") + TUNE.format(3, "b") + TUNE.format(9, "c")
    )
    (home / "c.abc").write_text(TUNE.format(1, "alone"))
    (home / "readme.txt").write_text("not music")
    os.symlink(home, home / "b" / "loop")
    items, refused = found(home)
    assert [item.id for item in items] == [
        "my-music:a.abc#3", "my-music:a.abc#3.2", "my-music:a.abc#9",
        "my-music:b/deep/z.mid", "my-music:c.abc",
    ]  # fmt: skip
    assert refused == []
    assert [item.id for item in found(home, kind="midi", name="Mine")[0]] == ["mine:b/deep/z.mid"]
    assert [item.id for item in found(home / "c.abc")[0]] == [
        "my-music:c.abc"
    ]  # the same id as in the folder


def test_licence_of_the_source_comes_first(tmp_path):
    (tmp_path / "a.abc").write_text("%%abc-copyright CC BY-SA 3.0\n" + TUNE.format(1, ""))
    (tmp_path / "b.abc").write_text(TUNE.format(1, ""))
    licences = [item.facts.licence for item in found(tmp_path, licence="CC0-1.0")[0]]
    assert licences == ["CC-BY-SA-3.0", "CC0-1.0"]


def test_thesession_is_refused(tmp_path):
    one = "X:2\nT:x\nS:https://thesession.org/tunes/1\nM:4/4\nK:D\nDFAd|\n\n"
    (tmp_path / "mixed.abc").write_text(TUNE.format(1, "") + one + TUNE.format(3, ""))
    (tmp_path / "tunes.json").write_text(json.dumps([{"tune_id": "1", "setting_id": "2", "abc": "DFAd"}]))
    (tmp_path / "tunes.csv").write_text("tune_id,setting_id,name,type,meter,mode,abc\n1,2,a,jig,6/8,D,x\n")
    items, refused = found(tmp_path)
    assert [item.id.rpartition("#")[2] for item in items] == ["1", "3"]
    assert [why.kind for _, why in refused] == ["licence"] * 3
    assert found(tmp_path / "tunes.csv")[1][0][1].kind == "licence"


def test_midicaps(tmp_path):
    (tmp_path / "lmd_full" / "1").mkdir(parents=True)
    (tmp_path / "lmd_full" / "1" / "1a07.mid").write_bytes(MIDI)
    (tmp_path / "secret.mid").write_bytes(MIDI)
    row = {
        "location": "lmd_full/1/1a07.mid", "caption": "A melodic  song.", "tempo": 135,
        "genre": ["electronic", "classical"], "genre_prob": [0.4, 0.2], "mood": ["epic", "film"],
    }  # fmt: skip
    lines = [
        row,
        {**row, "location": "lmd_full/../secret.mid"},
        {**row, "location": "/etc/passwd"},
        {**row, "location": "no.mid"},
    ]
    (tmp_path / "train.json").write_text("\n".join(map(json.dumps, lines)) + "\n{broken\n")
    items, refused = found(tmp_path, name="midicaps", licence="CC0-1.0")
    (item,) = items
    assert (item.id, item.kind) == ("midicaps:lmd_full/1/1a07.mid", "midi")
    facts = item.facts
    assert (facts.caption, facts.genre, facts.mood) == (
        "A melodic song.",
        "electronic, classical",
        "epic, film",
    )
    assert (facts.licence, facts.source) == ("CC-BY-SA-4.0", "MidiCaps")
    assert [why.kind for _, why in refused] == ["missing"] * 3 + ["unreadable"]


def test_pdmx(tmp_path):
    (tmp_path / "mxl").mkdir()
    for name in "abc":
        (tmp_path / "mxl" / f"{name}.mxl").write_bytes(b"PK")
    columns = (
        "path,mxl,license,license_url,license_conflict,subset:no_license_conflict,title,song_name,genres,tags"
    )
    zero = "https://creativecommons.org/publicdomain/zero/1.0/"
    mark = "https://creativecommons.org/publicdomain/mark/1.0/"
    with (tmp_path / "PDMX.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(columns.split(","))
        table.writerow(
            ["x", "./mxl/a.mxl", "cc-zero", zero, "False", "True", "NA", "A song", "classical-folk", ""]
        )
        table.writerow(["x", "./mxl/b.mxl", "publicdomain", mark, "True", "False", "B", "", "", ""])
        table.writerow(["x", "./mxl/c.mxl", "publicdomain", mark, "False", "True", "C", "", "", "piano-easy"])
        table.writerow(["x", "NA", "publicdomain", mark, "False", "True", "D", "", "", ""])
    items, refused = found(tmp_path)
    assert [(i.id.partition(":")[2], i.facts.title, i.facts.licence, i.facts.genre) for i in items] == [
        ("mxl/a.mxl", "A song", "CC0-1.0", "classical, folk"),
        ("mxl/c.mxl", "C", "PD", "piano, easy"),
    ]
    assert [why.kind for _, why in refused] == ["licence", "missing"]


def test_it_begins_at_once(tmp_path):
    with (tmp_path / "train.json").open("w") as file:
        for number in range(20_000):
            file.write(json.dumps({"location": f"{number}.mid", "caption": "x"}) + "\n")
    (tmp_path / "0.mid").write_bytes(MIDI)
    pieces = find([tmp_path / "train.json"])
    assert isinstance(next(pieces), Item)  # the other 19,999 are not looked for


def test_what_cannot_be_found(tmp_path):
    (tmp_path / "a.doc").write_text("x")
    (tmp_path / "a.wad").write_bytes(b"IWAD")
    assert found(tmp_path / "a.doc")[1][0][1].kind == "unknown format"
    assert found(tmp_path / "a.wad")[1][0][1].kind == "unreadable"
    with pytest.raises(InputError, match="no file or folder"):
        find([tmp_path / "none"])
    with pytest.raises(ControlError, match="kind 'x'"):
        find([tmp_path], kind="x")
    with pytest.raises(ControlError, match="built-in"):
        find([tmp_path], name="Ryans")


@pytest.mark.parametrize(
    ("words", "licence"),
    [
        ("", ""),
        ("freely distributed under a CC-BY-SA 3.0 license", "CC-BY-SA-3.0"),
        ("Public Domain (Encoding: CC0)", "CC0-1.0"),
        ("CC BY-NC-SA 4.0", "CC-BY-NC-SA-4.0"),
        ("for non-commercial use", "non-commercial"),
        ("Rights to all derivative electronic formats reserved.", "all rights reserved"),
        ("Original out of Copyright (1915). Engraving Copyright 2017 A. B.", "unstated"),
        ("Released to Public Domain in 1998", "PD"),
        ("Copyright 1994, A. B.", "unstated"),
    ],
)
def test_licences_in_words(words, licence):
    assert licence_of(words) == licence
