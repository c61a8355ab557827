"""The SoundFont: the user's, or the small General MIDI one that the pretty_midi wheel carries."""

from __future__ import annotations

import importlib.util
import os
import pathlib

from chiaroscore import InputError, MissingPartError

#: The default font, 6 MB, 128 programs and a drum kit; its licence is stated in NOTICE.
DEFAULT_FONT = "TimGM6mb.sf2"


def soundfont_path(soundfont: str | os.PathLike[str] | None = None) -> pathlib.Path:
    """Return the path of the SoundFont to play with: the named one, checked, or the default.

    Raises
    ------
    InputError
        If the named file does not exist, cannot be read, or is not a SoundFont (RIFF of form ``sfbk``: .sf2
        or .sf3).
    MissingPartError
        If no font is named and the default is not installed.
    """
    path = _default() if soundfont is None else pathlib.Path(soundfont).expanduser()
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except OSError as error:
        raise InputError(
            f"cannot read the SoundFont {str(path)!r}: {error.strerror}; name an .sf2 or .sf3 file"
        ) from error
    if head[:4] != b"RIFF" or head[8:12] != b"sfbk":
        raise InputError(
            f"{str(path)!r} is not a SoundFont (it starts with {head!r}); name an .sf2 or .sf3 file"
        )
    return path


def _default() -> pathlib.Path:
    """Path of the font in the pretty_midi wheel, found without importing it (slow, and it warns)."""
    spec = importlib.util.find_spec("pretty_midi")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = pathlib.Path(folder) / DEFAULT_FONT
        if path.is_file():
            return path
    raise MissingPartError(
        f"the default SoundFont {DEFAULT_FONT} is missing; pip install pretty_midi, or name another font"
    )
