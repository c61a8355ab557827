"""Why a piece is not taken into the store: the kinds that `Refused` counts by, and what each means."""

from __future__ import annotations

#: Kind -> meaning, in the order of a report.
REASONS = {
    "licence": "its terms forbid the use, or contradict each other",
    "missing": "a table names a file that is not there",
    "unknown format": "the file is of no kind that is read",
    "unreadable": "the file is broken, or something stands in it that its reader does not know",
    "too large": "the file or tune is beyond the limits of what is read",
    "free rhythm": "it was played without relation to its beats, so that it cannot be written down",
    "no notes": "there are no pitched notes, or no key, in it",
    "too short": "it has fewer bars than a form needs",
    "too long": "no passage of it fits the length of an exemplar",
    "notation": "as ABC it has bars that do not add up, or other errors",
    "off key": "its notes do not fit the key that it states: taken to be mis-typed",
    "title": "its title has words that the store leaves out",
    "copy": "the store has the same tune already",
}
