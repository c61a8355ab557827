"""Texts that mean harm: each ends in a tune or a clear error within 5 s and 512 MB, in its own process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import notation
from chiaroscore import NotationError
from notation import limits

H = "X:1\nM:4/4\nL:1/4\nK:C\n"
REFUSED = {
    "empty": "",
    "NUL": H + "CD\0EF|",
    "lone surrogate": H + "\ud800",
    "a megabyte of [": H + "[" * 1_000_000,
    "a megabyte of music": H + "CDEF|" * 200_000,
    "deep nesting": H + "[" * 500 + "C" + "]" * 500,
    "one long line": H + "C" * 20_000,
    "repeat bomb": H + "|:CDEF|1-32 CDEF:|\n" * 4000,
    "endless ending": H + "|:CDEF|[1-99999999 CDEF:|\n",
    "endless rest": H + "Z999999999|\n",
    "many long rests": H + "Z9999|\n" * 10,
    "endless note": H + "C999999999|\n",
    "3,000 voices": "X:1\nK:C\n" + "".join(f"V:{i}\nC4|\n" for i in range(3000)),
    "too many notes": H + ("CDEFGABc" * 200 + "\n") * 80,
    "overlays": H + ("C4" + "&C4" * 1000 + "|\n") * 5,
    "no pitch": H + "C" + "," * 1000 + "|",
}
READ = {
    "tempo changes in repeats": H + "|:[Q:1/4=90]C4|[Q:1/4=99]D4:|\n" * 1500,
    "one-note repeats": H + ("|:C:|" * 500 + "\n") * 18,
    "hairpins": H + ("!crescendo(!C" * 200 + "|\n") * 20 + ("!<(!C!<)!D" * 100 + "|\n") * 10,
    "marks": H + ("!p!C!f!D" * 200 + "|\n") * 30,
    "key changes": H + ("[K:D]C[K:C]D|" * 100 + "\n") * 40,
    "open brackets": H + ("[" * 60 + "C|\n") * 1000,
    "open chords": H + "[ " * 4000,
    "open graces": H + "{ " * 4000,
    "quotes": H + '"' * 8000,
    "warnings": H + ("?" * 80 + "\n") * 1500,
    "backslashes": H + "\\" * 8000,
    "spaces": H + " " * 8000 + "C|",
    "ampersands": H + "&" * 8000,
    "words": H + "CDEF|\nw:" + "a-" * 4000,
    "a chord of thousands": H + "[" + "CDEFGAB" * 1100 + "]|",
    "ties": H + "C-" * 4000 + "|",
    "macros": "X:1\n" + "U:T=!trill!\n" * 10_000 + "K:C\nTC|",
    "tiny note": H + "C/999999999|\n",
    "impossible fields": "X:1\nM:4/0\nL:1/0\nQ:0\nK:C\nC|",
}
#: Reads texts as JSON from standard input and prints, for each, what came of it and in how many CPU seconds,
#: and last the most memory the process ever had, in megabytes.
PROBE = """
import json, pathlib, resource, sys, time
import notation
from chiaroscore import NotationError

def timed(function, text):
    started = time.process_time()
    try:
        return function(text), time.process_time() - started
    except NotationError:
        return None, time.process_time() - started

rows = {}
for name, text in json.load(sys.stdin).items():
    tune, parsed = timed(notation.parse, text)
    problems, checked = timed(notation.check, text)
    rows[name] = [tune is not None, parsed, checked, len(problems)]
# ru_maxrss would start at the parent's size: the high-water mark of this process alone is what counts
status = pathlib.Path("/proc/self/status")
if status.exists():
    peak = int(status.read_text().split("VmHWM:")[1].split()[0])
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([rows, peak / 1024]))
"""
BATCHES = 3
HARMLESS = {"tempo changes in repeats", "open graces", "spaces", "words", "macros", "a chord of thousands"}


@pytest.mark.skipif(sys.platform == "win32", reason="measures memory the Unix way")
@pytest.mark.parametrize("batch", range(BATCHES))
def test_within_five_seconds_and_512_megabytes(batch: int) -> None:
    texts = dict(list((REFUSED | READ).items())[batch::BATCHES])
    ran = subprocess.run(
        [sys.executable, "-c", PROBE], input=json.dumps(texts), capture_output=True, text=True, timeout=200
    )
    assert ran.returncode == 0, ran.stderr
    rows, megabytes = json.loads(ran.stdout)
    for name, (was_read, parsed, checked, problems) in rows.items():
        assert was_read == (name in READ), name
        assert parsed < 5, (name, parsed)
        assert checked < 5, (name, checked)
        assert problems >= 1 or name in HARMLESS, name
    assert megabytes < 512


@pytest.mark.parametrize("name", ["NUL", "a megabyte of [", "endless rest", "no pitch"])
def test_the_refusal_is_one_readable_line(name: str) -> None:
    with pytest.raises(NotationError) as caught:
        notation.parse(REFUSED[name])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_a_tune_just_below_the_limits_is_read() -> None:
    line = "CDEF|GABc|" * 100 + "\n"
    text = H + line * 12
    assert len(text) < limits.MAX_CHARACTERS
    assert len(notation.parse(text).performance.notes) == 9600


def test_only_text_is_read() -> None:
    with pytest.raises(NotationError, match="str"):
        notation.parse(b"X:1")  # type: ignore[arg-type]
