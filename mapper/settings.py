"""Settings that know their limits: fields of a frozen dataclass with a range, checked whenever one is made.

A class of settings derives from `Settings` and names its fields with `whole`, `real`, `one_of` and `words`; a
value out of place raises `ControlError` wherever it comes from.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Self

from chiaroscore import ControlError


def whole(default: int | None, low: int, high: int) -> Any:
    """Return a field that holds an ``int`` from ``low`` to ``high``; without a default if that is None."""
    return _field(default, "a whole number", (int,), low, high)


def real(default: float | None, low: float, high: float) -> Any:
    """Return a field that holds a number from ``low`` to ``high``."""
    return _field(default, "a number", (int, float), low, high)


def one_of(default: str, *choices: str) -> Any:
    """Return a field that holds one of the ``choices``."""
    return field(default=default, metadata={"choices": choices})


def words(default: str | None = None, longest: int = 200) -> Any:
    """Return a field that holds a text of at most ``longest`` characters."""
    return _field(default, f"a text of at most {longest} characters", (str,), 0, longest)


class Settings:
    """Base of frozen dataclasses whose fields have limits."""

    def __post_init__(self) -> None:
        for one in dataclasses.fields(self):  # type: ignore[arg-type]
            _check(type(self).__name__, one.name, getattr(self, one.name), one.metadata)

    def as_dict(self) -> dict[str, Any]:
        """Return all settings as plain data, tuples as lists."""
        return json.loads(json.dumps(dataclasses.asdict(self)))  # type: ignore[call-overload, no-any-return]

    def replace(self, **changes: Any) -> Self:
        """Return the settings with some of them changed.

        Raises
        ------
        ControlError
            If a name is unknown or a value out of its range.
        """
        _known(type(self), changes)
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the settings that `as_dict` gave.

        Raises
        ------
        ControlError
            If a name is unknown or missing, or a value out of its range.
        """
        _known(cls, data)
        try:
            return cls(**{name: _frozen(value) for name, value in data.items()})
        except TypeError as error:
            raise ControlError(f"{cls.__name__}: {error}; name every setting that has no default") from error


def _field(default: Any, kind: str, types: tuple[type, ...], low: float, high: float) -> Any:
    limits = {"kind": kind, "types": types, "low": low, "high": high}
    return field(metadata=limits) if default is None else field(default=default, metadata=limits)


def _known(cls: type, names: Mapping[str, Any]) -> None:
    """Refuse names that are no settings."""
    all_names = [one.name for one in dataclasses.fields(cls)]
    for name in names:
        if name not in all_names:
            raise ControlError(f"unknown setting {str(name)[:40]!r}; choose among {', '.join(all_names)}")


def _check(owner: str, name: str, value: Any, limits: Mapping[str, Any]) -> None:
    """Refuse a value of the wrong type or out of its range."""
    if "choices" in limits:
        if value not in limits["choices"]:
            raise ControlError(
                f"{owner}.{name} = {str(value)[:40]!r} is unknown; choose one of "
                + ", ".join(limits["choices"])
            )
    elif "types" in limits:
        _check_range(f"{owner}.{name}", value, limits)


def _check_range(name: str, value: Any, limits: Mapping[str, Any]) -> None:
    low, high, types = limits["low"], limits["high"], limits["types"]
    if isinstance(value, bool) or not isinstance(value, types):
        raise ControlError(f"{name} = {str(value)[:40]!r} is not {limits['kind']}")
    size = len(value) if str in types else value
    if not low <= size <= high:  # also not-a-number
        between = "" if str in types else f" from {low:g} to {high:g}"
        raise ControlError(f"{name} = {str(value)[:40]!r} is out of range; give {limits['kind']}{between}")


def _frozen(value: Any) -> Any:
    """Return data from JSON with tuples for its lists."""
    if isinstance(value, list):
        return tuple(_frozen(one) for one in value)
    return value
