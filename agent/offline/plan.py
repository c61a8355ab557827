"""The offline planner: scene and requests to a plan, by published mappings, all with their causes."""

from __future__ import annotations

from agent.controls import Controls
from agent.density import check_density
from agent.keys import Key, key_near
from agent.offline.causes import request
from agent.offline.genre_choice import choose_genre
from agent.offline.length import choose_length
from agent.offline.manner import choose_dynamics, choose_rhythm, choose_tessitura, tension, tension_causes
from agent.offline.players import choose_players
from agent.offline.reading import Reading, asked_place, read_scene
from agent.offline.steering import Nudge, steered
from agent.offline.timing import choose_meter, choose_tempo
from agent.offline.tonality import choose_key
from agent.offline.wording import description, reasoning, title
from agent.tempo import bar_quarters, beat_quarters, tempo_word
from notation import instrument
from prompts import Cause, DynamicMark, Emotion, Part, Plan, Rhythm, Scene, Tessitura

MARKS: tuple[DynamicMark, ...] = ("pp", "p", "mp", "mf", "f", "ff")


class OfflinePlanner:
    """Plans the music of a scene without a language model: numbers from ``agent/data/mappings.json``."""

    def plan(self, scene: Scene, controls: Controls, seed: int) -> Plan:
        """Return the plan for a scene.

        Parameters
        ----------
        scene
            What is in the picture.
        controls
            What was asked for; it goes before anything the picture says.
        seed
            Same scene, controls and seed give the same plan; another seed breaks ties otherwise.

        Raises
        ------
        ControlError
            If requests cannot be met together.
        """
        seen = read_scene(scene, controls, seed)
        if not seen.mood_asked:
            return _planned(seen, controls, Nudge())
        return steered(lambda nudge: _planned(seen, controls, nudge), controls, asked_place(controls), seed)


def _planned(seen: Reading, controls: Controls, nudge: Nudge) -> Plan:
    """Return the plan by the mappings, bent by a nudge."""
    causes: dict[str, list[Cause]] = {}
    genre, causes["genre"] = choose_genre(seen, controls, nudge.genre)
    meter, causes["meter"] = choose_meter(seen, genre, controls)
    tempo, causes["tempo"] = choose_tempo(seen, genre, meter, controls)
    tempo, causes["tempo"] = _nudged_tempo(tempo, causes["tempo"], nudge)
    length, more = choose_length(seen, genre, meter, tempo, controls)
    for element, found in more.items():
        causes[element] = [*causes.get(element, []), *found]
    key, causes["key"] = choose_key(seen, genre, controls)
    key, causes["key"] = _nudged_key(key, causes["key"], nudge)
    parts, causes["instruments"] = choose_players(seen, genre, controls)
    rhythm, causes["rhythm"] = choose_rhythm(seen, genre, length.tempo, meter, controls)
    dynamics, causes["dynamics"] = choose_dynamics(seen, genre, rhythm, length.tempo, meter)
    tessitura, causes["tessitura"] = choose_tessitura(seen, parts, controls)
    rhythm, dynamics, tessitura = _nudged_manner(rhythm, dynamics, tessitura, parts, causes, nudge)
    causes["tension"] = tension_causes(seen)
    if controls.density is not None:
        pitched = sum(part.role != "percussion" for part in parts)
        check_density(controls.density, pitched, length.tempo, bar_quarters(meter))
    if seen.mood_asked:
        causes["emotion"] = _feeling_asked(seen, controls)
    values = {
        "genre": genre.name,
        "meter": meter,
        "tempo": f"{length.tempo:.0f} qpm",
        "bars": str(length.bars),
        "key": key.name,
        "instruments": ", ".join(dict.fromkeys(part.instrument for part in parts)),
        "rhythm": ", ".join(rhythm.words),
        "dynamics": dynamics,
        "tessitura": f"around MIDI {tessitura.center}",
    }
    beats = length.tempo / beat_quarters(meter)
    return Plan(
        title=title(seen, genre),
        genre=genre.name,
        emotion=_emotion(seen),
        instruments=parts,
        rhythm=rhythm,
        tempo=length.tempo,
        tempo_text=tempo_word(length.tempo, meter),
        key=key.name,
        meter=meter,
        form=length.form,
        bars=length.bars,
        dynamics=dynamics,
        tessitura=tessitura,
        tension=tension(seen),
        description=description(seen, genre, key, meter, beats, parts, rhythm, dynamics),
        reasoning=reasoning(seen, causes, values),
        causes=causes,
    )


def _feeling_asked(seen: Reading, controls: Controls) -> list[Cause]:
    """Return the causes of an emotion that was asked for."""
    found = []
    if controls.mood is not None:
        found.append(request(controls.mood.name, f"fixes the mood: {controls.mood.name}"))
    for name, value in (("valence", controls.valence), ("arousal", controls.arousal)):
        if value is not None:
            found.append(
                request(f"{name} {value:+g}", f"fixes the {name}: {value:+g}; mood {seen.mood.name}")
            )
    return found


def _nudged_tempo(tempo: float, causes: list[Cause], nudge: Nudge) -> tuple[float, list[Cause]]:
    """Return the tempo with what a trial asked for."""
    if nudge.tempo == 1.0:
        return tempo, causes
    moved = float(round(tempo * nudge.tempo))
    return moved, [
        *causes,
        request("arousal", f"a trial draft was measured: brings the tempo to {moved:.0f} qpm"),
    ]


def _nudged_key(key: Key, causes: list[Cause], nudge: Nudge) -> tuple[Key, list[Cause]]:
    """Return the key in the mode that a trial asked for."""
    other = key_near(key.tonic_class, nudge.mode) if nudge.mode else None
    if other is None or other == key:
        return key, causes
    return other, [*causes, request("valence", f"a trial draft was measured: turns the key to {other.name}")]


def _nudged_manner(
    rhythm: Rhythm,
    dynamics: DynamicMark,
    tessitura: Tessitura,
    parts: list[Part],
    causes: dict[str, list[Cause]],
    nudge: Nudge,
) -> tuple[Rhythm, DynamicMark, Tessitura]:
    """Return density, dynamics and tessitura with what a trial asked for; adds to the causes."""
    if nudge.density is not None:
        limits = (nudge.density / 1.1, nudge.density * 1.1)
        rhythm = rhythm.model_copy(update={"density": nudge.density, "limits": limits})
        causes["rhythm"].append(
            request("arousal", f"a trial draft was measured: about {nudge.density:g} notes a second")
        )
    if nudge.louder:
        place = min(max(MARKS.index(dynamics) + nudge.louder, 0), len(MARKS) - 1)
        dynamics = MARKS[place]
        causes["dynamics"].append(request("arousal", f"a trial draft was measured: makes it {dynamics}"))
    if nudge.higher:
        lead = instrument(
            next((one.instrument for one in parts if one.role == "melody"), parts[0].instrument)
        )
        low, high = max(36, lead.comfortable_low + 5), min(96, lead.comfortable_high - 5)
        center = round(min(max(tessitura.center + nudge.higher, min(low, high)), max(low, high)))
        tessitura = tessitura.model_copy(update={"center": center})
        causes["tessitura"].append(
            request("valence", f"a trial draft was measured: lays the melody around MIDI {center}")
        )
    return rhythm, dynamics, tessitura


def _emotion(seen: Reading) -> Emotion:
    """Mood of the music: its canonical word first, then what else the picture was called."""
    others = [] if seen.mood_asked else list(seen.scene.emotion.words)
    words = list(dict.fromkeys([seen.mood.name, *others]))[:4]
    return Emotion(words=words, valence=seen.felt[0], arousal=seen.felt[1])
