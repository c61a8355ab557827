import pytest

from chiaroscore import ControlError
from rag_store.corpus import licences, sources
from rag_store.searching.licences import EVERYTHING, STANDARD, UNKNOWN, Allowed, allowed, family, licensed


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("CC0-1.0", "cc0"), ("cc0", "cc0"), ("https://creativecommons.org/publicdomain/zero/1.0/", "cc0"),
        ("PD", "pd"), ("Public Domain", "pd"), ("CC-PDDC", "pd"),
        ("CC-BY-4.0", "cc-by"), ("CC BY 3.0", "cc-by"), ("CC-BY-3.0-US", "cc-by"), ("CC-BY-2.5", "cc-by"),
        ("CC-BY-SA-4.0", "cc-by-sa"), ("CC-BY-ND-4.0", "cc-by-nd"), ("CC-BY-NC-4.0", "cc-by-nc"),
        ("CC-BY-NC-SA-3.0", "cc-by-nc-sa"), ("CC-BY-NC-ND-4.0", "cc-by-nc-nd"),
        ("http://creativecommons.org/licenses/by-nc/4.0/", "cc-by-nc"),
        ("BSD-3-Clause", "free-software"), ("GPL-2.0-or-later", "free-software"),
        ("non-commercial", "non-commercial"), ("", "unstated"), ("unstated", "unstated"),
        ("PD music; encoding licence unstated", "encoding-unstated"), ("ask my aunt", UNKNOWN),
        ("CC-BY-5", UNKNOWN),
    ],
)  # fmt: skip
def test_families(name, found):
    assert family(name) == found


def test_every_licence_of_the_source_table_is_in_a_family():
    assert UNKNOWN not in {family(name) for name in licences()}


def test_by_default_all_built_in_sources_and_what_is_known_to_be_free():
    for entry in sources().values():
        assert STANDARD.allows(entry["licence"], entry["title"])
    for name, entry in licences().items():
        assert STANDARD.allows(name, "my songs") == (entry["commercial"] == "yes")
    assert not STANDARD.allows("", "my songs") and not STANDARD.allows("ask my aunt", "my songs")


def test_a_users_list():
    some = allowed(" CC0, pd,cc-by ,CC-BY-SA-4.0")
    assert some.families == {"cc0", "pd", "cc-by"} and some.names == {"cc-by-sa-4.0"}
    used = ["CC0-1.0", "PD", "CC-BY-3.0", "CC-BY-SA-4.0"]
    assert all(some.allows(name) for name in used)
    assert not any(some.allows(name) for name in ("CC-BY-SA-3.0", "CC-BY-NC-4.0", "unstated", "ask my aunt"))
    assert allowed("unknown").allows("ask my aunt") and allowed("all") is EVERYTHING


@pytest.mark.parametrize("asked", ["", " , ", "cc-by,freeware"])
def test_what_is_no_licence_is_refused(asked):
    with pytest.raises(ControlError, match=r"no licence is called .*cc0, pd, cc-by"):
        allowed(asked)


def test_rows(made):
    title = sources()["ryans"]["title"]
    typed = "PD music; encoding licence unstated"
    columns = made([
        {"licence": typed, "source": title}, {"licence": typed, "source": "my songs"},
        {"licence": "unstated", "source": title}, {"licence": "CC-BY-4.0", "source": "my songs"},
    ])  # fmt: skip
    assert licensed(columns, STANDARD).tolist() == [True, False, False, True]
    assert licensed(columns, Allowed.of([typed])).tolist() == [True, True, False, False]
    assert licensed(columns, Allowed.of(None)).all()
