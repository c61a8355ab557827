"""What every room of Chiaroscore shares: the version, the error tree, safe file writing, cache places."""

from chiaroscore.errors import (
    BackendError,
    ChiaroscoreError,
    ControlError,
    InputError,
    MissingPartError,
    NotationError,
    RenderError,
    StoreError,
)
from chiaroscore.files import cache_dir, check_writable, replace_folder, write_bytes, write_text

__version__ = "0.1.0"

__all__ = [
    "BackendError",
    "ChiaroscoreError",
    "ControlError",
    "InputError",
    "MissingPartError",
    "NotationError",
    "RenderError",
    "StoreError",
    "cache_dir",
    "check_writable",
    "replace_folder",
    "write_bytes",
    "write_text",
]
