"""The offline planner: scene and requests to a plan, by published mappings, all with their causes."""

from __future__ import annotations

from agent.controls import Controls
from agent.offline.causes import request
from agent.offline.genre_choice import choose_genre
from agent.offline.length import choose_length
from agent.offline.manner import choose_dynamics, choose_rhythm, choose_tessitura, tension, tension_causes
from agent.offline.players import choose_players
from agent.offline.reading import Reading, read_scene
from agent.offline.timing import choose_meter, choose_tempo
from agent.offline.tonality import choose_key
from agent.offline.wording import description, reasoning, title
from agent.tempo import beat_quarters, tempo_word
from prompts import Cause, Emotion, Plan, Scene


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
        causes: dict[str, list[Cause]] = {}
        genre, causes["genre"] = choose_genre(seen, controls)
        meter, causes["meter"] = choose_meter(seen, genre, controls)
        tempo, causes["tempo"] = choose_tempo(seen, genre, meter, controls)
        length, more = choose_length(seen, genre, meter, tempo, controls)
        for element, found in more.items():
            causes[element] = [*causes.get(element, []), *found]
        key, causes["key"] = choose_key(seen, genre, controls)
        parts, causes["instruments"] = choose_players(seen, genre, controls)
        rhythm, causes["rhythm"] = choose_rhythm(seen, genre, length.tempo, meter)
        dynamics, causes["dynamics"] = choose_dynamics(seen, genre)
        tessitura, causes["tessitura"] = choose_tessitura(seen, parts)
        causes["tension"] = tension_causes(seen)
        if controls.mood is not None:
            causes["emotion"] = [request(controls.mood.name, f"fixes the mood: {controls.mood.name}")]
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


def _emotion(seen: Reading) -> Emotion:
    """Mood of the music: its canonical word first, then what else the picture was called."""
    others = [] if seen.mood_asked else list(seen.scene.emotion.words)
    words = list(dict.fromkeys([seen.mood.name, *others]))[:4]
    return Emotion(words=words, valence=seen.felt[0], arousal=seen.felt[1])
