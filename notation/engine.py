"""abcjs inside Python: one V8 engine in a process, made on first use, thrown away when it misbehaves.

The engine is not thread-safe, so every call holds a lock. A V8 that came through ``fork`` is never touched
again: the child leaks it on purpose and makes its own. ``atexit`` closes the engine, because a process that
ends with an open one hangs.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib.resources
import os
import re
import threading
from typing import Any

from chiaroscore import MissingPartError, NotationError
from notation.limits import MAX_HEAP, MAX_SECONDS

_ASSET = "abcjs-basic-min.js"
#: What abcjs expects of a page, before its own text; it exports itself as a CommonJS module.
_PAGE = "var self=globalThis, window=globalThis, module={exports:{}}, exports=module.exports;"

_lock = threading.RLock()
_racer: Any = None


def call(function: str, *arguments: Any) -> Any:
    """Call a function of ``bridge.js`` and return its result as plain Python values.

    Raises
    ------
    NotationError
        If the engine needs more than `MAX_SECONDS` or `MAX_HEAP`, or fails on the text.
    MissingPartError
        If abcjs or mini-racer is not installed.
    """
    with _lock:
        racer = _engine()
        from py_mini_racer import JSEvalException, JSOOMException, JSTimeoutException

        try:
            return racer.call(function, *arguments, timeout_sec=MAX_SECONDS)
        except JSTimeoutException as error:
            _discard()
            raise NotationError(
                f"reading the tune took more than {MAX_SECONDS:g} s; it is too tangled, shorten it"
            ) from error
        except JSOOMException as error:
            _discard()
            raise NotationError(
                f"reading the tune took more than {MAX_HEAP >> 20} MB; it is too tangled, shorten it"
            ) from error
        except JSEvalException as error:
            _discard()
            first = str(error).strip().splitlines()[0][:200]
            raise NotationError(
                f"the ABC reader gave up on this text ({first}); look for a broken field or bracket"
            ) from error
        except BaseException:
            _discard()
            raise


def close() -> None:
    """Close the engine; the next call makes a new one."""
    if _lock.acquire(timeout=2 * MAX_SECONDS):
        try:
            _discard()
        finally:
            _lock.release()


def abcjs_version() -> str:
    """Return the version that abcjs's own first line states.

    Raises
    ------
    MissingPartError
        If abcjs is not installed.
    """
    found = re.search(r"abcjs_basic v([\w.-]+)", _asset()[:200])
    return found[1] if found else "of an unknown version"


def abcjs_source() -> str:
    """Return abcjs's own text after its licence, for pages that draw scores without a network.

    Raises
    ------
    MissingPartError
        If abcjs is not installed.
    """
    source = _asset()
    licence = importlib.resources.files("notation") / "assets" / "abcjs-LICENSE.md"
    return f"/*\n{licence.read_text('utf-8').strip()}\n*/\n{source}"


def _engine() -> Any:
    global _racer
    if _racer is None:
        _racer = _made_outside_any_event_loop()
    return _racer


def _made_outside_any_event_loop() -> Any:
    """Make the engine in a thread of its own.

    In Jupyter the calling thread has a running event loop, which mini-racer would adopt, and then no call
    could have a time limit.
    """
    made: list[Any] = []

    def make() -> None:
        try:
            made.append(_make())
        except BaseException as error:
            made.append(error)

    thread = threading.Thread(target=make, name="chiaroscore-abcjs")
    thread.start()
    thread.join()
    if isinstance(made[0], BaseException):
        raise made[0]
    return made[0]


def _make() -> Any:
    try:
        from py_mini_racer import MiniRacer
    except ImportError as error:
        raise MissingPartError(
            "mini-racer is not installed; run: pip install 'mini-racer>=0.14.1'"
        ) from error
    sources = (_PAGE, _asset(), "var ABCJS = module.exports;", _bridge())
    racer = MiniRacer()
    racer.set_hard_memory_limit(MAX_HEAP)
    for source in sources:
        racer.eval(source)
    return racer


def _asset() -> str:
    path = importlib.resources.files("notation") / "assets" / _ASSET
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        raise MissingPartError(
            f"{_ASSET} is missing from the package (looked in {path}); building the package puts it there, "
            "so: pip install --force-reinstall --no-deps chiaroscore (in a clone: pip install .)"
        ) from error


def _bridge() -> str:
    return (importlib.resources.files("notation") / "bridge.js").read_text("utf-8")


def _discard() -> None:
    global _racer
    racer, _racer = _racer, None
    if racer is None:
        return
    # Whatever was stopped must have reported back before its event loop goes.
    with contextlib.suppress(Exception):
        racer.eval("0", timeout_sec=MAX_SECONDS)
    racer.close()


def _after_fork_in_child() -> None:
    """Forget the parent's engine without finalising it: closing would wait for a thread that is not here."""
    global _racer, _lock
    _lock = threading.RLock()
    if _racer is not None:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(_racer))
        _racer = None


atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
