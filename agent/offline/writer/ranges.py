"""Where each role lies: between bass and melody, under or over it, in the player's good register."""

from __future__ import annotations

from agent.offline.writer.setting import Setting
from notation import Instrument


def inner_range(player: Instrument, setting: Setting, raised: int) -> tuple[int, int]:
    """Return the range between bass and melody for chords.

    About an octave and a half, never less than one; ``raised`` moves it by semitones.
    """
    high = min(player.comfortable_high, setting.center + 1 + raised)
    lowest = player.comfortable_low if player.comfortable_low <= high - 12 else player.low
    low = max(lowest, min(high - 14, 50 + raised), 45)
    return low, min(max(high, low + 14), player.high)


def counter_range(player: Instrument, setting: Setting) -> tuple[int, int]:
    """Return the range of a second line: under the melody, or above it for a player who cannot go under."""
    if player.low > setting.center - 9:
        low = max(player.comfortable_low, min(setting.center + 5, player.high - 14))
        return low, min(low + 14, player.high)
    high = min(player.comfortable_high, setting.center + 3)
    low = max(player.low, min(high - 14, max(player.comfortable_low, 50)))
    return low, max(high, low + 12)


def bass_range(player: Instrument, setting: Setting) -> tuple[int, int]:
    """Return an octave and a half from the instrument's good low register.

    It lies under the melody as far as it can go.
    """
    low = max(player.comfortable_low, 28)
    low = min(low, setting.low - 14) if player.low <= setting.low - 14 else max(player.low, 24)
    high = min(low + 19, setting.low - 1, player.high)
    return low, max(high, min(low + 5, player.high))
