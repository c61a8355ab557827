"""Requests that exclude each other, refused before any work starts.

A refusal says which requests they are, why, and what to leave out. What only the picture's plan can tell,
such as whether a density can be had at its tempo, is refused by the planner, before a note is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import lengths
from agent.forms import Form
from agent.register import ROOM
from agent.tempo import METERS, bar_quarters
from chiaroscore import ControlError

if TYPE_CHECKING:
    from agent.controls import Controls

#: How far a valence or arousal may lie from that of the mood it is asked for with.
MOOD_REACH = 0.5


def check(controls: Controls) -> None:
    """Refuse requests that exclude each other.

    Raises
    ------
    ControlError
        If two or more do.
    """
    _check_feeling(controls)
    _check_form(controls)
    _check_length(controls)
    _check_register(controls)
    _check_rhythm(controls)


def fewest_bars(form: Form | None) -> int:
    """Return the fewest bars in which a form that was asked for can be told: 4 for each section.

    Introduction and coda take 2 each, and a piece without a form of its own 4.
    """
    if form is None:
        return lengths.BARS[0]
    return 4 * form.sections + 2 * (form.intro + form.coda)


def _check_feeling(controls: Controls) -> None:
    """Refuse a number that its mood does not have; one that agrees takes the place of the mood's own."""
    if controls.mood is None:
        return
    for name in ("valence", "arousal"):
        asked, own = getattr(controls, name), getattr(controls.mood, name)
        if asked is not None and abs(asked - own) > MOOD_REACH:
            raise ControlError(
                f"mood {controls.mood.name!r} and {name} {asked:g} exclude each other (its {name} is "
                f"{own:g}); "
                f"give {name} {max(-1.0, own - MOOD_REACH):g} to {min(1.0, own + MOOD_REACH):g}, or leave "
                "one out"
            )


def _check_form(controls: Controls) -> None:
    if controls.form is None:
        return
    fewest = fewest_bars(controls.form)
    if controls.bars is not None and controls.bars < fewest:
        raise ControlError(
            f"form {controls.form.name} needs at least {fewest} bars, 4 for each section; bars "
            f"{controls.bars} "
            "is too short for it: ask for more bars or a shorter form"
        )


def _check_length(controls: Controls) -> None:
    """Bars, duration, meter and tempo: refuse them where no meter lets them be had together."""
    if controls.duration is None:
        return
    fewest = fewest_bars(controls.form)
    meters = METERS if controls.meter is None else (controls.meter,)
    if any(_possible(controls, meter, fewest) for meter in meters):
        return
    if controls.bars is not None:
        raise ControlError(_bars_and_seconds(controls, controls.bars, meters))
    shortest = min(
        lengths.seconds(fewest, meter, lengths.tempo_limits(controls.tempo, meter)[1]) for meter in meters
    )
    raise ControlError(
        f"duration {controls.duration:g} s cannot be met{_with(controls)}: "
        f"{_nearest(controls, meters, shortest)}; "
        "ask for another duration, tempo or meter"
    )


def _possible(controls: Controls, meter: str, fewest: int) -> bool:
    return lengths.possible(
        meter, bars=controls.bars, duration=controls.duration, tempo=controls.tempo, fewest=fewest
    )


def _bars_and_seconds(controls: Controls, bars: int, meters: tuple[str, ...]) -> str:
    duration = controls.duration or 1.0
    needed = [bars * bar_quarters(meter) * 60 / duration for meter in meters]
    span = f"{min(needed):.0f}" + (f" to {max(needed):.0f}" if len(needed) > 1 else "")
    if controls.tempo is not None:
        tempo = controls.tempo if isinstance(controls.tempo, str) else f"{controls.tempo:g}"
        return (
            f"bars {bars}, duration {duration:g} s and tempo {tempo} exclude each other "
            f"(that length needs a tempo of {span}); leave one of them out"
        )
    return (
        f"{bars} bars in {duration:g} s would need a tempo of {span}, outside {lengths.TEMPO[0]:g} to "
        f"{lengths.TEMPO[1]:g}; leave out bars or duration"
    )


def _nearest(controls: Controls, meters: tuple[str, ...], shortest: float) -> str:
    """Say what there is instead: the shortest piece, or the lengths of whole bars around."""
    duration = controls.duration or 0.0
    if shortest > duration:
        return f"the shortest piece lasts {shortest:.0f} s"
    tempo = controls.tempo if isinstance(controls.tempo, float) else lengths.TEMPO[0]
    bar = lengths.seconds(1, meters[0], tempo)
    below = min(int(duration / bar), lengths.MOST_BARS)
    return f"{below} bars last {below * bar:.1f} s" + (
        f" and {below + 1} last {(below + 1) * bar:.1f} s" if below < lengths.MOST_BARS else ""
    )


def _with(controls: Controls) -> str:
    said = [
        f"{name} {value if isinstance(value, str) else f'{value:g}'}"
        for name, value in (("tempo", controls.tempo), ("meter", controls.meter))
        if value is not None
    ]
    if controls.form is not None:
        said.append(f"form {controls.form.name}")
    return f" with {' and '.join(said)}" if said else ""


def _check_register(controls: Controls) -> None:
    """One of the players must be able to sing the melody where it was asked for."""
    register = controls.register
    pitched = [player for player in controls.instruments if not player.percussion]
    if register is None or not pitched:
        return
    if all(register.centre_for(player) is None for player in pitched):
        ranges = ", ".join(
            f"{player.name} {player.low + ROOM} to {player.high - ROOM}" for player in pitched[:4]
        )
        raise ControlError(
            f"register {register.asked} (around MIDI {register.centre}) lies outside what the instruments "
            "asked "
            f"for can sing around ({ranges}); ask for another register or instrument"
        )


def _check_rhythm(controls: Controls) -> None:
    """Refuse a hornpipe out of its meters; every other genre is bent to the meter that was asked for."""
    if controls.genre is None or controls.meter is None or controls.genre.name != "hornpipe":
        return
    if controls.meter not in ("2/4", "4/4"):
        raise ControlError(
            f"genre hornpipe and meter {controls.meter} exclude each other: ABC programs take a hornpipe in "
            "2/4 or 4/4 only; ask for one of these, or for a reel or a jig"
        )
