"""Who plays what: line-ups of the genre by what is seen, or the players that were asked for."""

from __future__ import annotations

from agent.controls import Controls
from agent.genres import Genre, Lineup
from agent.offline.causes import cause, request
from agent.offline.mappings import mapping, source
from agent.offline.reading import Reading
from agent.register import Register
from notation import Instrument, instrument
from notation.instruments import instruments
from prompts import Cause, Part, Role

_CHARACTERS = ("bright", "soft", "dark")
#: Who takes a melody that no line-up of the genre can sing where it was asked for: the first that can.
_LEADS = ("Violin", "Clarinet", "Flute", "Viola", "Cello", "Bassoon", "Acoustic Grand Piano", "Celesta")


def choose_players(seen: Reading, genre: Genre, controls: Controls) -> tuple[list[Part], list[Cause]]:
    """Return the parts and why; players that were asked for play everything and nobody else does."""
    register = controls.register
    if controls.instruments:
        parts = seat(controls.instruments, register)
        names = ", ".join(player.name for player in controls.instruments)
        seats = ", ".join(f"{part.instrument} {part.role}" for part in parts)
        return parts, [request(names, f"fixes the players: {seats}")]
    record, chance = mapping("players"), seen.chance("players")
    scores = [_score(seen, lineup) + record["chance"] * chance.random() for lineup in genre.lineups]
    if register is not None:
        scores = [
            score - (not _sings(one, register)) * 9 for score, one in zip(scores, genre.lineups, strict=True)
        ]
    lineup = genre.lineups[scores.index(max(scores))]
    parts = [_part(instrument(player), role) for player, role in lineup.parts]
    causes = _causes(seen, genre, lineup, parts)
    if register is not None and not _sings(lineup, register):
        parts, causes = _with_lead(parts, register), causes[1:]
        causes.append(
            request(register.asked, f"gives the melody to {parts[0].instrument}, who can sing there")
        )
    return parts, causes


def seat(players: tuple[Instrument, ...], register: Register | None = None) -> list[Part]:
    """Give roles to players that were asked for: melody, harmony and bass always, some twice if need be.

    The first that can takes the melody, in the register that was asked for, and the lowest the bass; chords
    go to a polyphonic one; the rest answer (counter), hold (pad) or fill in (harmony).
    """
    drums = [player for player in players if player.percussion]
    pitched = [player for player in players if not player.percussion]
    able = [one for one in pitched if register is None or register.centre_for(one) is not None] or pitched
    lead = next((player for player in able if "melody" in player.roles), max(able, key=_height))
    rest = [player for player in pitched if player != lead]
    low = min((player for player in rest if "bass" in player.roles), key=_height, default=None)
    if low is not None and len(rest) == 1 and low.polyphonic:
        return [
            *_parts((lead, "melody"), (low, "harmony"), (low, "bass")),
            *_parts(*((d, "percussion") for d in drums)),
        ]
    rest = [player for player in rest if player != low]
    able = [player for player in rest if "harmony" in player.roles]
    chords = min(able, key=_unfit_for_chords, default=None)
    if chords is None:
        chords = next(
            (player for player in (low, lead, *pitched) if player and player.polyphonic), low or lead
        )
    else:
        rest = [player for player in rest if player != chords]
    if low is None:
        low = min([chords, lead], key=lambda player: ("bass" not in player.roles, _height(player)))
    others = [(player, _free_role(player)) for player in rest]
    seats = [
        (lead, "melody"),
        *others,
        (chords, "harmony"),
        (low, "bass"),
        *((drum, "percussion") for drum in drums),
    ]
    return _parts(*seats)


def _sings(lineup: Lineup, register: Register) -> bool:
    """Whether the line-up's melody can lie in a register."""
    lead = next((player for player, role in lineup.parts if role == "melody"), lineup.parts[0][0])
    return register.centre_for(instrument(lead)) is not None


def _with_lead(parts: list[Part], register: Register) -> list[Part]:
    """Return the parts with the melody given to a player who can sing in a register."""
    lead = next(
        player
        for player in (*map(instrument, _LEADS), *instruments())
        if "melody" in player.roles and register.centre_for(player) is not None
    )
    others = [part for part in parts if part.role != "melody"]
    return [_part(lead, "melody"), *others]


def _unfit_for_chords(player: Instrument) -> tuple[bool, bool]:
    """Return what speaks against giving somebody the chords: one note at a time, or being a pad by trade."""
    return not player.polyphonic, player.roles[0] == "pad"


def _free_role(player: Instrument) -> str:
    for role in ("counter", "pad", "harmony", "bass"):
        if role in player.roles:
            return role
    return "counter"


def _height(player: Instrument) -> int:
    return player.comfortable_low + player.comfortable_high


def _parts(*seats: tuple[Instrument, str]) -> list[Part]:
    return [_part(player, role) for player, role in seats]


def _part(player: Instrument, role: str) -> Part:
    given: Role = role  # type: ignore[assignment]  # pydantic checks the name
    return Part(instrument=player.name, program=player.program, role=given)


def _score(seen: Reading, lineup: Lineup) -> float:
    record = mapping("players")
    call = max((seen.strength(theme) for theme in lineup.suits if theme not in _CHARACTERS), default=0.0)
    character = max((_character(seen, one) for one in lineup.suits if one in _CHARACTERS), default=0.0)
    return float(record["call"] * call + record["character"] * character)


def _character(seen: Reading, name: str) -> float:
    light = seen.scene.colour.brightness - 0.5
    return {
        "bright": (seen.valence + seen.arousal) / 2 + light,
        "soft": -seen.arousal,
        "dark": -seen.valence - light,
    }[name]


def _causes(seen: Reading, genre: Genre, lineup: Lineup, parts: list[Part]) -> list[Cause]:
    names = ", ".join(f"{part.instrument} ({part.role})" for part in parts)
    causes = [cause("plan.genre", genre.name, f"is played here by {names}", genre.source)]
    for suit in lineup.suits:
        if suit in _CHARACTERS and _character(seen, suit) > 0.05:
            light = seen.scene.colour.brightness
            value = f"valence {seen.felt[0]:+.2f}, arousal {seen.felt[1]:+.2f}, brightness {light:.2f}"
            path = "request" if seen.mood_asked else "emotion.arousal"
            causes.append(
                cause(
                    path,
                    value,
                    f"leans to these {suit} timbres by {_character(seen, suit):.2f}",
                    source("players"),
                )
            )
        elif seen.strength(suit) > 0.03:
            theme = seen.themes[suit]
            causes.append(
                cause(
                    theme.path,
                    theme.value,
                    f"{suit} leans to these players by {theme.strength:.2f}",
                    source("players"),
                )
            )
    return causes
