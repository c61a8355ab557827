"""A process that ingests in forks of itself, and kills them: ``python killed.py``, orders on standard input.

An order is a line of JSON: the store, the folder to take in, and the seconds after which the fork is killed
(0: never). The answer is a line with how the fork ended (-9: killed) and how long it took. Forks start with
everything imported, so twenty of them take seconds; none of them inherits an open store.
"""

import hashlib
import json
import os
import signal
import sys
import threading
import time

import chromadb  # noqa: F401 - forks have it imported
import numpy as np

from rag_store.ingest import ingest as module
from rag_store.store import Store


class Hashed:
    """Texts to vectors by their digests: as good as any model where only the writing is tested."""

    id, dim = "hashed", 48

    def embed(self, texts):
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") for text in texts]
        rows = np.array([np.random.default_rng(seed).normal(size=self.dim) for seed in seeds]).reshape(-1, 48)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def run(store, folder, after):
    if after:
        alarm = threading.Timer(after, os.kill, (os.getpid(), signal.SIGKILL))
        alarm.daemon = True
        alarm.start()
    with Store.open(store, embedder=Hashed()) as opened:
        module.ingest(opened, [folder], name="kill", licence="CC0-1.0", processes=0)


def main():
    module.BATCH = 4  # many transactions
    for line in sys.stdin:
        order = json.loads(line)
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                run(order["store"], order["folder"], order["after"])
                code = 0
            finally:
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps({"ended": status, "seconds": time.monotonic() - started}), flush=True)


if __name__ == "__main__":
    main()
