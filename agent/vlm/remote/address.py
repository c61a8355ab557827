"""Where a server is and which of its models is meant: ``http://localhost:8000/v1#qwen2.5-vl-7b``."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

from chiaroscore import ControlError

_EXAMPLE = "openai:http://localhost:8000/v1#qwen2.5-vl-7b"
_PATH = re.compile(r"[/\\~.]|[A-Za-z]:[/\\]")
_VERSION = re.compile(r"/v\d+\w*$")
#: Environment variable that holds the key of a server.
KEY = "CHIAROSCORE_VLM_KEY"


@dataclass(frozen=True, slots=True)
class Address:
    """The base URL of a server, without a slash at its end, and the name of a model, or none."""

    url: str
    model: str = ""

    @classmethod
    def of(cls, url: str, model: str = "") -> Address:
        """Return the address of a URL; a model may stand after its ``#``.

        Raises
        ------
        ControlError
            If the URL is not one of a server, or holds what belongs elsewhere: a name, a key, a query.
        """
        parts = _split(url.strip().removeprefix("openai:"))
        base = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        return cls(base, (model or parts.fragment).strip())

    @property
    def host(self) -> str:
        """The server's name or number."""
        return urlsplit(self.url).hostname or ""

    @property
    def loopback(self) -> bool:
        """Whether the server is on this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")

    @property
    def root(self) -> str:
        """The URL without ``/v1``, where servers keep what is their own."""
        return _VERSION.sub("", self.url)

    def candidates(self) -> tuple[str, ...]:
        """Return the URLs that may be meant: with ``/v1`` first, where no version is at the end."""
        return (self.url,) if _VERSION.search(self.url) else (f"{self.url}/v1", self.url)

    def known_as(self, model: str) -> str:
        """Return the name of a backend for a model; folders of the server's disk are not in it."""
        name = short_name(model)
        return f"openai:{self.url}#{name}" if name else f"openai:{self.url}"


def short_name(model: str) -> str:
    """Return the name of a model; of a path on the server's disk, as llama.cpp has, only the last part."""
    return re.split(r"[/\\]", model)[-1] if _PATH.match(model) else model


def _split(url: str) -> SplitResult:
    """Return the parts of a URL; messages do not repeat what may be a secret."""
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_fits = SplitResult("", "", "", "", ""), False
    if parts.username is not None or parts.password is not None:
        raise ControlError(
            f"the server's URL holds a name or a key before its '@'; take it out and put the key into {KEY}"
        )
    if parts.query:
        raise ControlError(
            f"the server's URL holds a query after its '?'; take it out, and put a key into {KEY}"
        )
    bare = not re.search(r"\s", url.partition("#")[0])
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_fits or not bare:
        shown = url.partition("#")[0][:100]
        raise ControlError(f"{shown!r} is no URL of a server; write it as in {_EXAMPLE!r}")
    return parts
