"""FluidSynth in this process, through pyfluidsynth.

pyfluidsynth looks for its C library with `ctypes.util.find_library` while it is imported, and gives up where
the system has none. The pygame-ce wheel carries one (Linux and macOS; not Windows), so the first import is
made with the place already known.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import ctypes.util
import functools
import importlib
import importlib.metadata
import io
import logging
import os
import pathlib
import sys
import threading
from types import ModuleType, TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chiaroscore import InputError, MissingPartError, RenderError

#: FluidSynth computes blocks of this many frames; an event takes effect at the start of the next block (1.5
#: ms at 44100).
BLOCK = 64

_SYSTEM_NAMES = {
    "linux": ("libfluidsynth.so.3", "libfluidsynth.so.2"),
    "darwin": ("libfluidsynth.3.dylib", "libfluidsynth.dylib"),
    "win32": ("libfluidsynth-3.dll", "fluidsynth-3.dll", "libfluidsynth-2.dll"),
}
#: Homebrew's and MacPorts' folders, which the loader of other Pythons does not search.
_MAC_FOLDERS = ("/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib")
_LOG_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
#: FluidSynth's log levels: panic 0, error 1, warning 2, information 3, debug 4.
_ERROR, _DEBUG = 1, 4
#: Parameters of the float writer, which pyfluidsynth does not declare: its own 16-bit one clips and dithers.
_WRITE = {
    "synth": ctypes.c_void_p,
    "len": ctypes.c_int,
    "left": ctypes.c_void_p,
    "left_offset": ctypes.c_int,
    "left_step": ctypes.c_int,
    "right": ctypes.c_void_p,
    "right_offset": ctypes.c_int,
    "right_step": ctypes.c_int,
}
_log = logging.getLogger(__name__)
_lock = threading.Lock()
_said: collections.deque[str] = collections.deque(maxlen=5)


def library_path() -> str:
    """Return the FluidSynth library to play with: the system's, else the one in the pygame-ce wheel.

    Raises
    ------
    MissingPartError
        If there is neither.
    """
    names = _SYSTEM_NAMES.get(sys.platform, ("libfluidsynth.so",))
    folders = ("", *_MAC_FOLDERS) if sys.platform == "darwin" else ("",)
    for candidate in [os.path.join(folder, name) for folder in folders for name in names] + _bundled():
        with contextlib.suppress(OSError):  # not there, or for another processor: try the next
            ctypes.CDLL(candidate)
            return candidate
    raise MissingPartError(
        "no FluidSynth library: neither the system nor the pygame-ce wheel has one (on Windows it has not); "
        "install FluidSynth from your system's packages, or pip install --force-reinstall pygame-ce"
    )


def _bundled() -> list[str]:
    """Paths of FluidSynth libraries among pygame-ce's own files, wherever its wheel put them."""
    try:
        files = importlib.metadata.files("pygame-ce") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return sorted(str(file.locate()) for file in files if "fluidsynth" in file.name)


@functools.cache
def fluidsynth() -> ModuleType:
    """Return the pyfluidsynth module, loaded on the library of `library_path`, logging to `logging`.

    Raises
    ------
    MissingPartError
        If pyfluidsynth or the library is missing.
    """
    with _lock:
        module = sys.modules.get("fluidsynth") or _import(library_path())
    setter = module.cfunc(
        "fluid_set_log_function",
        ctypes.c_void_p,
        ("level", ctypes.c_int, 1),
        ("fun", _LOG_CALLBACK, 1),
        ("data", ctypes.c_void_p, 1),
    )
    for level in range(_DEBUG + 1):
        setter(level, _heard, None)
    return module


def _import(library: str) -> ModuleType:
    """Import pyfluidsynth while `find_library` answers with ``library``; ctypes is as before afterwards.

    Standard output is caught: in continuous integration (CI set) pyfluidsynth prints where it found the
    library.
    """
    before = ctypes.util.find_library
    ctypes.util.find_library = lambda name: library
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return importlib.import_module("fluidsynth")
    except ModuleNotFoundError as error:
        raise MissingPartError("pyfluidsynth is missing; pip install pyfluidsynth") from error
    finally:
        ctypes.util.find_library = before


def _hear(level: int, message: bytes, data: object) -> None:
    """Keep one of FluidSynth's errors for the text of an exception; its warnings go to `logging`."""
    text = message.decode(errors="replace")
    if level <= _ERROR:
        _said.append(text)
    else:
        _log.debug("fluidsynth: %s", text)


#: The C side keeps a pointer to this, so it must live as long as the process.
_heard = _LOG_CALLBACK(_hear)


class Synth:
    """One synthesiser with a font, used as a context manager: ``with Synth(font, 44100) as synth:``.

    Parameters
    ----------
    font : pathlib.Path
        A SoundFont.
    rate : int
        Frames a second.
    chorus : bool
        Whether the chorus unit runs; it costs time even where no channel is sent to it.
    """

    def __init__(self, font: pathlib.Path, rate: int, *, chorus: bool = False) -> None:
        self._module = fluidsynth()
        settings: dict[str, Any] = {"synth.cpu-cores": 1, "synth.chorus.active": int(chorus)}
        # FluidSynth sets up its tables during the first creation, without waiting for it in other threads.
        with _lock:
            # Gain 0.5 leaves the float output far from its limits; loudness is set on the finished samples.
            self._synth = self._module.Synth(gain=0.5, samplerate=float(rate), channels=16, **settings)
        self._write = self._module.cfunc(
            "fluid_synth_write_float",
            ctypes.c_int,
            *[(name, kind, 1) for name, kind in _WRITE.items()],
        )
        _said.clear()
        if self._synth.sfload(str(font), 1) < 0:
            self._synth.delete()
            raise InputError(
                f"FluidSynth cannot load {str(font)!r}: {_last()}; name another .sf2 or .sf3 file"
            )

    def __enter__(self) -> Synth:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._synth.delete()
        if kind is None and _said:
            _log.error("FluidSynth played on after an error: %s", _last())

    def send(self, message: Any) -> None:
        """Act on a mido channel message; kinds a SoundFont does not hear (aftertouch, sysex) do nothing."""
        synth, kind = self._synth, message.type
        if kind == "note_on" and message.velocity > 0:
            synth.noteon(message.channel, message.note, message.velocity)
        elif kind in ("note_on", "note_off"):
            synth.noteoff(message.channel, message.note)
        elif kind == "control_change":
            synth.cc(message.channel, message.control, message.value)
        elif kind == "program_change":
            synth.program_change(message.channel, message.program)
        elif kind == "pitchwheel":
            synth.pitch_bend(message.channel, message.pitch)

    def release(self) -> None:
        """Let go of every key and pedal."""
        for channel in range(16):
            self._synth.cc(channel, 64, 0)
            self._synth.all_notes_off(channel)

    def write(self, samples: NDArray[np.float32]) -> None:
        """Fill ``samples``, shape (n_frames, 2), C-contiguous, with what sounds next.

        Raises
        ------
        RenderError
            If FluidSynth fails.
        """
        if not len(samples):
            return
        at = samples.ctypes.data
        if self._write(self._synth.synth, len(samples), at, 0, 2, at, 1, 2) != 0:
            raise RenderError(f"FluidSynth stopped: {_last()}; try another SoundFont")


def _last() -> str:
    """Return FluidSynth's last error message."""
    return _said[-1] if _said else "it gave no reason"
