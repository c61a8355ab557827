"""The melodies of a store's exemplars, indexed: what originality and copies are judged by.

The index is kept beside the catalogue. After a change of the catalogue only what is new, replaced or gone is
done again; an index that is missing or broken is made anew.
"""

from __future__ import annotations

import contextlib
import json
import pathlib

from chiaroscore import InputError, write_text
from rag_store.catalogue import Catalogue
from rag_store.copies import CopyIndex

#: Folder of the index in a generation, and the file that says up to which row it goes.
FOLDER, KNOWN = "melodies", "rows.json"


def melodies(folder: pathlib.Path, catalogue: Catalogue) -> CopyIndex:
    """Return the index of a catalogue's lines: as kept, brought up to date, or made anew.

    Where the folder may not be written to, it is in memory only.
    """
    place, content = folder / FOLDER, catalogue.content
    kept = CopyIndex.load(place, content)
    if kept is not None:
        return kept
    last = catalogue.last_row()
    made = _continued(place, catalogue)
    if made is None:
        made = CopyIndex.of(catalogue.lines())
    if catalogue.content == content:
        with contextlib.suppress(InputError, OSError):
            place.mkdir(exist_ok=True)
            made.save(place, content)
            write_text(place / KNOWN, json.dumps({"content": content, "row": last}) + "\n")
    return made


def _continued(place: pathlib.Path, catalogue: Catalogue) -> CopyIndex | None:
    """Return the index that was kept for an earlier content, with what has changed; None without one."""
    try:
        known = json.loads((place / KNOWN).read_text("utf-8"))
        before, row = CopyIndex.load(place, str(known["content"])), int(known["row"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if before is None:
        return None
    fresh = list(catalogue.lines(after=row))
    held = {identity for segment in before.segments for identity, _ in segment.names.all()}
    gone = (held - set(catalogue.ids())) | (held & {identity for identity, _, _ in fresh})
    return before.remove(gone).add(fresh) if gone else before.add(fresh)
