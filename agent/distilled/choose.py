"""Which mapper plans: one that was read already, or the folder of one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from chiaroscore import ControlError

if TYPE_CHECKING:
    from agent.distilled.planner import DistilledMind
    from mapper.inference import Mapper


def mind_of(mapper: str | os.PathLike[str] | Mapper | DistilledMind) -> DistilledMind:
    """Return the mind that is meant, ready to look and plan.

    Parameters
    ----------
    mapper
        One that was read, the path of its folder, or ``"shipped"`` for the one in the package; or a mind.

    Raises
    ------
    ControlError
        If it is none of these.
    InputError
        If the folder holds none, or a damaged one.
    MissingPartError
        If none is shipped with this installation, it has no plan bank, or its encoder is not there.
    """
    from agent.distilled.planner import DistilledMind
    from mapper.inference import Mapper

    if isinstance(mapper, DistilledMind):
        return mapper
    found = Mapper.load(mapper) if isinstance(mapper, str | os.PathLike) else mapper
    if not isinstance(found, Mapper):
        raise ControlError(f"mapper={type(mapper).__name__} object is no mapper; give a folder, or 'shipped'")
    return DistilledMind(found)
