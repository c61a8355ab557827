"""The address of a Chroma server: taken apart, and written in messages without any secret."""

from __future__ import annotations

import hashlib
import os
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field

from chiaroscore import ControlError

#: Environment variable of the token that is sent with every request.
TOKEN = "CHIAROSCORE_STORE_TOKEN"  # noqa: S105
_PORTS = {"http": 8000, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    scheme: str  # "http" or "https"
    host: str
    port: int
    token: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Return the URL without the token."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def digest(self) -> str:
        """Digest of the URL, 12 hexadecimal digits."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:12]

    @property
    def headers(self) -> Mapping[str, str]:
        """What every request carries; without compression no small answer unfolds into a large one."""
        secret = {"Authorization": f"Bearer {self.token}", "X-Chroma-Token": self.token}
        return {"Accept-Encoding": "identity", **(secret if self.token else {})}

    @property
    def command(self) -> str:
        """The command that starts such a server."""
        return f"chroma run --path FOLDER --host {self.host} --port {self.port}"


def is_address(path: object) -> bool:
    """Whether a store's place is a server's URL, not a folder."""
    return isinstance(path, str) and path.lower().startswith(("http://", "https://"))


def read_address(url: str) -> Address:
    """Return the address of a URL, with the token of the environment.

    Raises
    ------
    ControlError
        If the URL has a name or password, a path or a query, or no host; or if the token cannot be sent.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError as error:
        raise ControlError(
            f"the store's URL cannot be read ({error}); give one like http://host:8000"
        ) from error
    if parts.username is not None or parts.password is not None:
        raise ControlError(f"the store's URL holds a name or password; put the token into {TOKEN} instead")
    if scheme not in _PORTS or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise ControlError("the store's URL must be scheme, host and port only, like http://host:8000")
    token = os.environ.get(TOKEN, "")
    if not (token.isascii() and all(" " < sign < "\x7f" for sign in token)):
        raise ControlError(f"the token in {TOKEN} has signs that cannot be sent; it must be plain ASCII")
    return Address(scheme, host, port or _PORTS[scheme], token)
