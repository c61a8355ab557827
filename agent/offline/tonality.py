"""The key: mode from valence and palette, tonic from the hue of the strongest colour (a convention)."""

from __future__ import annotations

import math

from agent.controls import Controls
from agent.genres import Genre
from agent.keys import Key, key_near
from agent.offline.causes import cause, request
from agent.offline.mappings import interpolate, mapping, quadrant, source
from agent.offline.reading import Reading
from prompts import Cause, Swatch


def choose_key(seen: Reading, genre: Genre, controls: Controls) -> tuple[Key, list[Cause]]:
    """Return the key and why; a key that was asked for is taken as it is."""
    if controls.key is not None:
        return controls.key, [request(controls.key.name, f"fixes the key: {controls.key.name}")]
    mode, causes = choose_mode(seen, genre)
    key, more = _choose_tonic(seen, genre, mode)
    return key, [*causes, *more]


def choose_mode(seen: Reading, genre: Genre) -> tuple[str, list[Cause]]:
    """Return the mode of the genre that lies nearest to the brightness the picture asks for, and why."""
    record = mapping("mode")
    share = quadrant("major", seen.valence, 0.0)
    wanted = share + record["lift"] * seen.lift
    misfit = {
        mode: abs(record["place"][mode] - wanted) + record["step"] * place
        for place, mode in enumerate(genre.modes)
    }
    mode = min(misfit, key=lambda name: misfit[name])
    path = "request" if seen.mood_asked else "emotion.valence"
    causes = [
        cause(
            path,
            seen.felt[0],
            f"music so felt is in major with share {share:.2f}: leads to {mode} "
            f"(place {record['place'][mode]:.2f} between 0 dark and 1 bright)",
            source("quadrants.major"),
        )
    ]
    if abs(seen.lift) >= 0.05:
        words = "brightens" if seen.lift > 0 else "darkens"
        effect = f"palette lift {seen.lift:+.2f} {words} the mode by {record['lift'] * seen.lift:+.2f}"
        causes.append(cause("colour.swatches", _palette(seen), effect, source("palette")))
    if len(genre.modes) == 1:
        causes.append(cause("plan.genre", genre.name, f"is always in {mode}", genre.source))
    return mode, causes


def strongest_colour(seen: Reading) -> Swatch | None:
    """Return the swatch with the greatest share x chroma, None if the picture is grey."""
    swatches = seen.scene.colour.swatches
    if not swatches:
        return None
    best = max(swatches, key=lambda one: one.share * math.hypot(one.a, one.b))
    return best if math.hypot(best.a, best.b) >= mapping("tonic")["grey_below_chroma"] else None


def _choose_tonic(seen: Reading, genre: Genre, mode: str) -> tuple[Key, list[Cause]]:
    record = mapping("tonic")
    colour = strongest_colour(seen)
    if colour is None:
        lightness = 100 * seen.scene.colour.brightness
        place = interpolate(record["grey"], lightness)
        path, value = "colour.brightness", f"grey picture of lightness {lightness:.0f}"
    else:
        hue = math.degrees(math.atan2(colour.b, colour.a)) % 360
        place = interpolate(record["hues"], hue)
        place += (colour.lightness > record["light"]) - (colour.lightness < record["dark"])
        index = seen.scene.colour.swatches.index(colour)
        path, value = (
            f"colour.swatches[{index}]",
            f"{colour.name} (hue {hue:.0f} degrees, L* {colour.lightness:.0f})",
        )
    key = nearest_key(place, mode, genre.most_accidentals)
    effect = f"sets the tonic {key.tonic} by the convention of Skryabin's colours (no finding)"
    return key, [cause(path, value, effect, source("tonic"))]


def nearest_key(place: float, mode: str, most: int) -> Key:
    """Return the key whose tonic is nearest to a place on the circle of fifths, within ``most`` accidentals.

    Parameters
    ----------
    place
        Steps of a fifth from C, any real number; 1 is G, -1 (or 11) is F.
    """
    keys = [(step, key) for step in range(12) if (key := key_near(7 * step % 12, mode, most)) is not None]
    return min(keys, key=lambda pair: (abs((pair[0] - place + 6) % 12 - 6), pair[0]))[1]


def _palette(seen: Reading) -> str:
    return ", ".join(f"{one.name} {one.share:.0%}" for one in seen.scene.colour.swatches[:3])
