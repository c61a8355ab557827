"""The offline writer: music from a plan and exemplars, by rules of composition."""

from agent.offline.writer.form import Phrase, Section
from agent.offline.writer.melody import Use
from agent.offline.writer.write import Draft, OfflineWriter

__all__ = ["Draft", "OfflineWriter", "Phrase", "Section", "Use"]
