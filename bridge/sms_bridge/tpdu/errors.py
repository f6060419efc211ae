"""What goes wrong with a TPDU."""

from __future__ import annotations


class TpduError(ValueError):
    """A TPDU lacks a mandatory part, or a value does not fit its field; the message says which."""
