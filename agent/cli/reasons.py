"""What is said of an explanation: to people on the terminal, and to scripts."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explain import Check, Explanation


def lines(found: Explanation) -> list[str]:
    """Return the summary for people: decisions with their strongest cause, what would change, the checks."""
    said = [found.title]
    for one in found.elements:
        causes = found.causes_of(one.id) if one.kind == "plan" else ()
        if causes:
            strongest = max(causes, key=lambda link: abs(link.weight))
            said.append(f"  {one.label} {one.value}, for {_name(found, strongest.source)}")
    for change in found.counterfactuals:
        what = found.element(change.element).label
        said.append(f"  {change.change}: {what} {change.after} instead of {change.before}")
    said += [f"  {_trust(one.label, one.check)}" for one in found.elements if one.check is not None]
    return [*said, f"  {_maps(found)}"]


def as_record(found: Explanation) -> dict[str, Any]:
    """Return an explanation as plain values, its maps left out: ``map`` says whether there is one."""

    def record(one: Any) -> dict[str, Any]:
        kept = {field.name: getattr(one, field.name) for field in fields(one) if field.name != "check"}
        check = one.check
        return {**kept, "map": one.map is not None, "check": None if check is None else asdict(check)}

    return {
        "title": found.title,
        "elements": [record(one) for one in found.elements],
        "links": [asdict(one) for one in found.links],
        "counterfactuals": [asdict(one) for one in found.counterfactuals],
        "snippets": [asdict(one) for one in found.snippets],
        "obeyed": [dict(zip(("name", "asked", "measured", "met"), row, strict=True)) for row in found.obeyed],
        "remarks": found.remarks,
        "details": found.details,
    }


def _name(found: Explanation, identity: str) -> str:
    """Return an element's label and value; its id where it is no element."""
    with contextlib.suppress(KeyError):
        one = found.element(identity)
        return f"{one.label} {one.value}".strip()
    return identity


def _trust(label: str, check: Check) -> str:
    """Say in a line how a map stood its test."""
    better = check.deletion < check.random_deletion and check.insertion > check.random_insertion
    return (
        f"map of {label}: {'better' if better else 'NOT better'} than chance (deletion {check.deletion:.2f}, "
        f"chance {check.random_deletion:.2f}; insertion {check.insertion:.2f}, chance "
        f"{check.random_insertion:.2f})"
    )


def _maps(found: Explanation) -> str:
    """Say how many maps there are of each kind of element."""
    counts = Counter(one.kind for one in found.elements if one.map is not None)
    return "maps: " + (", ".join(f"{kind} {count}" for kind, count in counts.items()) or "none")
