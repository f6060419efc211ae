"""What can go wrong with the web server."""

from __future__ import annotations


class WebError(Exception):
    """The web server cannot start; the message says why and what to do."""
