"""Looking at pictures for teaching: what the encoder needs of each variant, kept in files that can be resumed.

Conventions
-----------
Looking takes most of the time of making teacher data, and the encoder can only be fitted when all pictures
have been looked at; so the looks are kept, one ``.npz`` a base picture, with the scene as JSON.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import pathlib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agent.distilling.pictures import Base, variants
from chiaroscore import InputError, write_bytes

if TYPE_CHECKING:
    from PIL import Image

    from agent.offline.perceive import Look

#: Told how many of how many pictures have been looked at.
Progress = Callable[[int, int], None]
FORMAT = 1
