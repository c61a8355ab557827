"""Spaces beside that of captions: music by its notes, pictures by CLIP."""

from rag_store.spaces.by_notes import ByNotes, builtin_music_vectors
from rag_store.spaces.image import ClipEmbedder
from rag_store.spaces.music import MusicEmbedder

__all__ = ["ByNotes", "ClipEmbedder", "MusicEmbedder", "builtin_music_vectors"]
