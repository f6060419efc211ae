"""What the configuration tells the web server."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """The server's certificate (with its chain) and private key, as PEM files."""

    cert: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """``http`` of the configuration. ``listen`` is host and port, ``None`` for no server.

    ``public_url`` is how others reach it, without a slash at its end.
    """

    listen: tuple[str, int] | None = None
    public_url: str | None = None
    token: str | None = field(default=None, repr=False)
    tls: TlsFiles | None = None
