"""What a plan of somebody's choices must keep to make sense, beyond what the planner refuses by itself.

Each check refuses with a ControlError that says what does not go together; `agent.vlm.agreeing` then leaves
choices out. What was asked for is checked as the finished score will be (`agent.checks`).
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.checks.style import always_drums
from agent.controls import Controls
from agent.density import check_density
from agent.lengths import tempo_limits
from agent.offline.reading import asked_place
from agent.offline.steering import meets, tried
from agent.offline.timing import genre_tempo
from agent.tempo import bar_quarters
from chiaroscore import ControlError
from notation import Instrument, instrument
from prompts import Part, Plan


def seats(wanted: Sequence[tuple[str, str]], own: Sequence[Part]) -> list[Part]:
    """Return the parts that a model wants, if they make sense.

    Parameters
    ----------
    wanted
        Instruments and their roles.
    own
        The planner's parts: the same players, in roles that suit them.

    Raises
    ------
    ControlError
        If others play than in the plan, nobody has a melody, or somebody has a role that it cannot play.
    """
    players = [instrument(name) for name, _ in wanted]
    if {one.name for one in players} != {part.instrument for part in own}:
        raise ControlError(f"{', '.join(one.name for one in players)} are not the players of the plan")
    if all(role != "melody" for _, role in wanted):
        raise ControlError("none of the players has the melody")
    unfit = [
        f"{one.name} cannot play {role}"
        for one, (_, role) in zip(players, wanted, strict=True)
        if not _suits(one, role)
    ]
    if unfit:
        raise ControlError(unfit[0])
    parts = [
        Part.model_validate({"instrument": one.name, "program": one.program, "role": role})
        for one, (_, role) in zip(players, wanted, strict=True)
    ]
    return [part for place, part in enumerate(parts) if part not in parts[:place]]


def lead_of(parts: Sequence[Part]) -> str:
    """Return the name of the player who has the melody, the first of them."""
    return next((part.instrument for part in parts if part.role == "melody"), parts[0].instrument)


def check_tempo(plan: Plan, controls: Controls) -> None:
    """Refuse a tempo outside the word that was asked for, in the meter that has come of it."""
    low, high = tempo_limits(controls.tempo, plan.meter)
    if isinstance(controls.tempo, str) and not low <= plan.tempo <= high:
        raise ControlError(
            f"{plan.tempo:g} quarter notes a minute is not {controls.tempo} in {plan.meter}, "
            f"which is {low:g} to {high:g}"
        )


def check_genre(plan: Plan, controls: Controls) -> None:
    """Refuse a meter, a tempo or players that the genre that was asked for does not have.

    `agent.checks.style` judges the finished score by the same; what else was asked for goes before.
    """
    genre = controls.genre
    if genre is None:
        return
    low, _, high = genre_tempo(genre, plan.meter)
    if plan.meter not in genre.meters and controls.meter is None and controls.duration is None:
        raise ControlError(f"{plan.meter} is no meter of {genre.name}, which has {', '.join(genre.meters)}")
    if not low <= plan.tempo <= high and controls.tempo is None and controls.duration is None:
        raise ControlError(
            f"{plan.tempo:g} quarter notes a minute is no tempo of {genre.name}, "
            f"which has {low:g} to {high:g}"
        )
    drums = any(part.role == "percussion" for part in plan.instruments)
    if not drums and not controls.instruments and always_drums(genre):
        raise ControlError(f"{genre.name} has drums, and there are none among the players")


def check_bass(plan: Plan, controls: Controls) -> None:
    """Refuse players without a bass and chords where a key was asked for: its tonic would not be heard."""
    if controls.key is None or controls.instruments:
        return
    basses = [part for part in plan.instruments if part.role == "bass"]
    able = any("bass" in instrument(part.instrument).roles for part in basses)
    if not able or all(part.role not in ("harmony", "pad") for part in plan.instruments):
        raise ControlError(
            f"{controls.key.name} is not heard without somebody who can play a bass, and chords"
        )


def check_players(plan: Plan, controls: Controls) -> None:
    """Refuse parts that cannot have the register or the density that they shall have."""
    lead = instrument(lead_of(plan.instruments))
    if controls.register is not None and controls.register.centre_for(lead) is None:
        raise ControlError(f"{lead.name} cannot sing its melody {controls.register.asked}")
    if controls.density is not None:
        pitched = sum(part.role != "percussion" for part in plan.instruments)
        check_density(controls.density, pitched, plan.tempo, bar_quarters(plan.meter))


def check_feeling(plan: Plan, controls: Controls, seed: int) -> None:
    """Refuse roles with which a trial draft does not express the feeling that was asked for."""
    wanted = asked_place(controls)
    if wanted != (None, None) and not meets(tried(plan, seed), wanted):
        raise ControlError("with these roles the music does not express the feeling that was asked for")


def _suits(player: Instrument, role: str) -> bool:
    """Whether a player can have a role; percussion is for drums, and drums for percussion."""
    return role in player.roles
