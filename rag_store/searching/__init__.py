"""Searching: hard filters, wishes, nearness in several spaces of vectors, joined by one stated rule.

It works on arrays (`rag_store.columns.Columns`, matrices of vectors) and on any index that gives nearest
rows.
"""

from rag_store.searching.answer import Scored, search
from rag_store.searching.exhaustive import Exhaustive, recall
from rag_store.searching.filters import Filter, demanded
from rag_store.searching.licences import EVERYTHING, STANDARD, Allowed, allowed
from rag_store.searching.nearness import Nearest
from rag_store.searching.prompt_ready import Ready, prompt_ready, token_count
from rag_store.searching.query import Query
from rag_store.searching.wanted import Wanted

__all__ = [
    "EVERYTHING",
    "STANDARD",
    "Allowed",
    "Exhaustive",
    "Filter",
    "Nearest",
    "Query",
    "Ready",
    "Scored",
    "Wanted",
    "allowed",
    "demanded",
    "prompt_ready",
    "recall",
    "search",
    "token_count",
]
