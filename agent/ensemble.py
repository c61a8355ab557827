"""Players that were asked for: names, families and General MIDI numbers."""

from __future__ import annotations

from collections.abc import Iterable

from agent.values import shown
from chiaroscore import ControlError
from notation import Instrument, ensemble, families, instrument

#: Most instruments that can be asked for.
MOST_INSTRUMENTS = 8
#: Words that name a family and an instrument, and mean the instrument.
_SINGLE = ("piano", "organ", "guitar", "bass", "choir", "percussion")


def parse_instruments(value: object) -> tuple[Instrument, ...]:
    """Return the players that a request names, in its order, each once; a text is split at commas.

    Parameters
    ----------
    value
        Names, families ("strings" stands for its few typical members) or General MIDI programs counted from
        0, also as text.

    Raises
    ------
    ControlError
        If one is unknown or a noise, there are none or too many, or only drums.

    Examples
    --------
    >>> [one.name for one in parse_instruments("strings, 73")]
    ['Violin', 'Viola', 'Cello', 'Flute']
    """
    if isinstance(value, str):
        value = value[:1000].split(",")
    if not isinstance(value, Iterable) or isinstance(value, bytes | dict):
        raise ControlError(f"instruments {shown(value)} is no list of names; give for example cello, harp")
    found: list[Instrument] = []
    for position, item in enumerate(value):
        if position >= MOST_INSTRUMENTS:
            raise ControlError(
                f"more than {MOST_INSTRUMENTS} instruments were asked for; name at most {MOST_INSTRUMENTS}"
            )
        found.extend(one for one in _players(item) if one not in found)
    _check_playable(found)
    return tuple(found)


def _players(item: object) -> tuple[Instrument, ...]:
    """Players of one request: a family stands for its few typical members, anything else for itself."""
    if isinstance(item, Instrument):
        return (item,)
    if isinstance(item, str):
        plain = " ".join(item.lower().split())
        if plain == "pad":
            return (instrument("Warm Pad"),)
        if plain.isascii() and plain.isdecimal() and len(plain) <= 3:
            return (instrument(int(plain)),)
        if plain not in _SINGLE and plain.removesuffix("s") in {
            name.removesuffix("s") for name in families()
        }:
            return ensemble(plain)
    if isinstance(item, str | int):
        return (instrument(item),)
    raise ControlError(
        f"instrument {shown(item)} is neither a name nor a number; give a name such as 'Flute'"
    )


def _check_playable(found: list[Instrument]) -> None:
    if not found:
        raise ControlError("instruments is an empty list; name at least one, or leave it out")
    if len(found) > MOST_INSTRUMENTS:
        raise ControlError(f"{len(found)} instruments were asked for; name at most {MOST_INSTRUMENTS}")
    noises = [one.name for one in found if not one.roles]
    if noises:
        raise ControlError(
            f"instrument {noises[0]!r} is a noise and has no part to play; choose a pitched one"
        )
    if all(one.percussion for one in found):
        raise ControlError("instruments has only drums; add one that plays a melody, such as 'Flute'")
