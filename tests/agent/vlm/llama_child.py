"""A llama.cpp server in a process of its own: prints its address as one line, and ends when its input ends.

Run as ``python llama_child.py MODEL.gguf CONTEXT SLOTS WAY``; the way "quick" is without flash attention: 1.5
times as quick on a processor, but what is read from the cache is then not quite what is reckoned anew, and
the same seed may write another text. A process of its own keeps native threads and logs out of the tests and
can be ended for certain; when whoever started it dies, the pipe closes and this ends.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Start the server, say where it listens, and wait until nobody needs it."""
    out = os.dup(1)
    os.dup2(2, 1)  # the native log goes to the error stream
    import xllamacpp

    model, context, slots, way = sys.argv[1:]
    given = xllamacpp.CommonParams()
    given.model.path = model
    given.hostnames = ["127.0.0.1"]
    given.port = 0
    given.n_ctx, given.n_parallel = int(context), int(slots)
    given.cpuparams.n_threads = 1  # more wait for each other, and on a busy machine they wait long
    if way == "quick":
        given.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    given.verbosity = 0
    server = xllamacpp.Server(given)
    os.write(out, f"{server.listening_address}\n".encode())
    sys.stdin.buffer.read()
    os._exit(0)  # the native threads would not end by themselves


if __name__ == "__main__":
    main()
