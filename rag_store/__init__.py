"""Exemplars: where they are read from, what analysis says of them, and how they are found again."""

from rag_store.copies import CopyIndex, Likeness
from rag_store.embed import Embedder, MiniLM, SentenceTransformerEmbedder
from rag_store.exemplar import Exemplar
from rag_store.hit import Hit
from rag_store.lines import Line, line, melody_line
from rag_store.originality import LONGEST_MATCH, Match
from rag_store.searching import Filter, Query, Wanted, allowed
from rag_store.state import StoreState, store_state
from rag_store.store import Store

__all__ = [
    "LONGEST_MATCH",
    "CopyIndex",
    "Embedder",
    "Exemplar",
    "Filter",
    "Hit",
    "Likeness",
    "Line",
    "Match",
    "MiniLM",
    "Query",
    "SentenceTransformerEmbedder",
    "Store",
    "StoreState",
    "Wanted",
    "allowed",
    "line",
    "melody_line",
    "store_state",
]
