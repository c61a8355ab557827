"""The copy check: exact agreement and likeness of a melody with every tune of a large store."""

from rag_store.copies.index import CopyIndex
from rag_store.copies.likeness import COPY, KIN, Likeness

__all__ = ["COPY", "KIN", "CopyIndex", "Likeness"]
