"""The engine in threads, in forked and spawned workers, at the end of a process, and without its parts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

import notation
from chiaroscore import MissingPartError, NotationError
from notation import engine

TUNE = "X:1\nM:4/4\nL:1/4\nK:D\nDFAd|\n"
SCRIPT = """
import multiprocessing, os, sys, threading, time
import notation
TUNE = "X:1\\nM:4/4\\nL:1/4\\nK:D\\nDFAd|\\n"
SLOW = "X:1\\nM:4/4\\nL:1/4\\nK:C\\n" + ("C4" + "&C4" * 1000 + "|\\n") * 5

def read(i):
    return [n.pitch for n in notation.parse(TUNE + "%" * i).voices[0].notes]

def forever():
    for i in range(10 ** 9):
        read(i % 100)

def main():
    assert read(1) == [62, 66, 69, 74]
    {body}

if __name__ == "__main__":
    main()
    print("done", flush=True)
"""
FORK = """
    child = os.fork()
    if not child:
        {inside}
    assert os.waitpid(child, 0)[1] >> 8 == 3
    assert read(2) == [62, 66, 69, 74]
"""
POOL = """
    context = multiprocessing.get_context({method!r})
    with context.Pool(2) as pool:
        assert pool.map(read, range(4)) == [[62, 66, 69, 74]] * 4
"""
BODIES = {
    "plain": ("pass", 0),
    "sys.exit": ("sys.exit(5)", 5),
    "exception": ("raise RuntimeError('on purpose')", 1),
    "thread at work": ("threading.Thread(target=forever, daemon=True).start(); time.sleep(0.2)", 0),
    "thread in a long call": (
        "threading.Thread(target=notation.check, args=(SLOW,), daemon=True).start(); time.sleep(0.3)",
        0,
    ),
    "fork, child reads": (FORK.format(inside="assert read(5) == [62, 66, 69, 74]; sys.exit(3)"), 0),
    "fork, child does not read": (FORK.format(inside="sys.exit(3)"), 0),
    "fork, child ends at once": (FORK.format(inside="os._exit(3)"), 0),
    "fork pool": (POOL.format(method="fork"), 0),
    "spawn pool": (POOL.format(method="spawn"), 0),
}


@pytest.mark.parametrize("name", BODIES)
def test_the_process_always_ends(name: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    if "fork" in name and sys.platform == "win32":
        pytest.skip("no fork here")
    body, code = BODIES[name]
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("{body}", body), encoding="utf-8")
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == code, ran.stderr
    if code == 0:
        assert ran.stdout.endswith("done\n")
        assert "Traceback" not in ran.stderr


def test_threads_share_the_engine() -> None:
    found: list[list[int]] = []

    def read(i: int) -> None:
        for k in range(5):
            tune = notation.parse(TUNE + "%" * (20 * i + k))
            found.append([note.pitch for note in tune.voices[0].notes])

    threads = [threading.Thread(target=read, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[62, 66, 69, 74]] * 40


def test_time_limits_work_inside_a_running_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_SECONDS", 0.5)
    engine.close()

    async def cell() -> int:  # as in a notebook
        with pytest.raises(NotationError, match="took more than"):
            engine.call("(function () { for (;;) ; })")
        return len(notation.parse(TUNE + "%loop").voices[0].notes)

    assert asyncio.run(cell()) == 4


def test_memory_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_HEAP", 40 * 1024 * 1024)
    engine.close()
    with pytest.raises(NotationError, match="took more than"):
        engine.call("(function () { var a = []; for (;;) a.push(new Array(1000).fill(1.5)); })")
    engine.close()
    monkeypatch.undo()
    assert notation.parse(TUNE + "%memory").voices[0].notes


def test_a_failing_script_does_not_harm_the_next_call() -> None:
    with pytest.raises(NotationError, match="gave up"):
        engine.call("(function () { throw new Error('no') })")
    assert notation.parse(TUNE + "%after").voices[0].notes


def test_closing_is_harmless() -> None:
    engine.close()
    engine.close()
    assert notation.parse(TUNE + "%closed").voices[0].notes


def test_missing_abcjs_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.close()
    monkeypatch.setattr(engine, "_ASSET", "no-such-file.js")
    with pytest.raises(MissingPartError, match="reinstall"):
        notation.parse(TUNE + "%missing")


def test_missing_mini_racer_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.close()
    monkeypatch.setitem(sys.modules, "py_mini_racer", None)
    with pytest.raises(MissingPartError, match="mini-racer"):
        notation.parse(TUNE + "%unracy")
