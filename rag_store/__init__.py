"""Exemplars: where they are read from, what analysis says of them, and how they are found again."""

from rag_store.embed import Embedder, MiniLM, SentenceTransformerEmbedder
from rag_store.exemplar import Exemplar
from rag_store.lines import Line, line, melody_line
from rag_store.originality import LONGEST_MATCH, Match, Originality
from rag_store.search import Hit
from rag_store.state import StoreState, store_state
from rag_store.store import DEFAULT_LICENCES, Store

__all__ = [
    "DEFAULT_LICENCES",
    "LONGEST_MATCH",
    "Embedder",
    "Exemplar",
    "Hit",
    "Line",
    "Match",
    "MiniLM",
    "Originality",
    "SentenceTransformerEmbedder",
    "Store",
    "StoreState",
    "line",
    "melody_line",
    "store_state",
]
