"""A store as Parquet: written so that any program can read it, and taken in again; nothing in it is run."""

from rag_store.parquet.exporting import export
from rag_store.parquet.loading import Loaded, load

__all__ = ["Loaded", "export", "load"]
