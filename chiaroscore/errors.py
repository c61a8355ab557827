"""The error tree.

::

    ChiaroscoreError
    ├── InputError        a picture or a file that cannot be read or written
    ├── ControlError      a request (key, meter, bars, instrument ...) that is unknown or cannot be met
    ├── NotationError     ABC that is not music, or is too much of it
    ├── MissingPartError  an optional library, program, font or set of weights is absent
    ├── StoreError        the exemplar store is broken, locked, or of another model
    ├── RenderError       a score that could not be engraved or sounded
    └── BackendError      a language model, or the server that runs it, does not answer as it should

Every message says what was wrong, the value seen, and what to do next. The command line prints the message on
one line and ends with exit code 2.
"""

from __future__ import annotations


class ChiaroscoreError(Exception):
    """Root of everything Chiaroscore raises on purpose."""


class InputError(ChiaroscoreError):
    """A picture or file cannot be read, or an output cannot be written."""


class ControlError(ChiaroscoreError, ValueError):
    """A requested tempo, key, meter, length, genre, mood or instrument is unknown or cannot be met."""


class NotationError(ChiaroscoreError, ValueError):
    """A text is not ABC, or is ABC that cannot be read within the limits."""


class MissingPartError(ChiaroscoreError, ImportError):
    """Something optional is not installed; the message names what to install."""


class StoreError(ChiaroscoreError):
    """The exemplar store cannot be opened, built, written or trusted."""


class RenderError(ChiaroscoreError):
    """A score could not be turned into MIDI, MusicXML, a page or sound."""


class BackendError(ChiaroscoreError):
    """A language model cannot be loaded or reached, or does not answer.

    Attributes
    ----------
    retryable
        Whether the same call may succeed later: the server was busy, slow or away.
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
