"""Who teaches: the offline mind or a model, each asked for a scene and for plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from agent.controls import Controls
from agent.offline.perceive import OfflinePerceiver
from agent.offline.plan import OfflinePlanner
from agent.sitting import Sitting
from chiaroscore import __version__

if TYPE_CHECKING:
    from PIL import Image

    from agent.vlm.options import Options
    from agent.vlm.protocol import Backend
    from prompts import Plan, Scene


class Mind(Protocol):
    """A teacher. ``looks`` tells whether it sees pictures itself; else it gets the offline mind's scenes."""

    looks: bool

    @property
    def id(self) -> str:
        """Name and version, which the data bear."""

    def scene(self, picture: Image.Image, seed: int) -> Scene:
        """Return what is in a picture."""

    def plan(self, scene: Scene, seed: int) -> Plan:
        """Return what the music shall be; another seed may give another plan."""


class OfflineMind:
    """The offline mind as a teacher; it can be sent to another process."""

    looks = False

    @property
    def id(self) -> str:
        """Name and version."""
        return f"offline mind, chiaroscore {__version__}"

    def scene(self, picture: Image.Image, seed: int) -> Scene:
        """Return the offline mind's scene."""
        return OfflinePerceiver().perceive(picture)

    def plan(self, scene: Scene, seed: int) -> Plan:
        """Return the offline mind's plan."""
        return OfflinePlanner().plan(scene, _NOTHING_ASKED, seed)


class ModelMind:
    """A model as a teacher, by the same prompts and gates as when it composes.

    Parameters
    ----------
    backend
        What runs it; see `agent.vlm.protocol.Backend`.
    options
        Its limits.
    """

    looks = True

    def __init__(self, backend: Backend, options: Options | None = None) -> None:
        self.backend, self.options = backend, options

    @property
    def id(self) -> str:
        """The model's name, and the version of the prompts' package."""
        return f"{self.backend.id}, chiaroscore {__version__}"

    def scene(self, picture: Image.Image, seed: int) -> Scene:
        """Return the model's scene; what it fails to do, the offline mind does."""
        return self._sitting(seed).perceive(picture, _NOTHING_ASKED)

    def plan(self, scene: Scene, seed: int) -> Plan:
        """Return the model's plan, described in its words."""
        sitting = self._sitting(seed)
        return sitting.describe(scene, sitting.plan(scene, _NOTHING_ASKED, seed), _NOTHING_ASKED, seed)

    def _sitting(self, seed: int) -> Sitting:
        from agent.offline.writer import OfflineWriter
        from agent.vlm.sitting import ModelSitting

        offline = Sitting(OfflinePerceiver(), OfflinePlanner(), OfflineWriter(), 1)
        steps = frozenset(("perceive", "plan"))
        return ModelSitting(offline, self.backend, self.options, steps, seed, lambda step, value: None)


_NOTHING_ASKED = Controls.parse()
