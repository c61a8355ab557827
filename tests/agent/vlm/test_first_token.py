"""The first token of a real server's answer, with how likely it is."""

from __future__ import annotations

import math

from agent.explaining.probing import TOP, first_token
from agent.vlm.remote import OpenAIBackend
from prompts import Message


def test_a_real_server_tells_how_likely_its_first_token_is(llama_server):
    backend = OpenAIBackend(llama_server)
    try:
        assert backend.abilities().logprobs
        asked = (Message("user", "Is the sea made of water?\nA) yes\nB) no\nAnswer with one letter."),)
        found, again = first_token(backend, asked), first_token(backend, asked)
    finally:
        backend.close()
    assert 2 <= len(found) <= TOP and found.keys() == again.keys()
    shares = [math.exp(value) for value in found.values()]
    assert 0.2 < sum(shares) <= 1.01 and shares == sorted(shares)
    assert shares[-1] < 0.9999  # before the likeliest is taken, not after
