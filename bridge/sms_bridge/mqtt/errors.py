"""What can go wrong between bridge and broker."""

from __future__ import annotations


class MqttError(Exception):
    """Root of the MQTT side's errors; the message is a sentence for people."""


class FatalMqttError(MqttError):
    """The bridge cannot go on: its set-up contradicts another bridge's, or its files are missing."""


class PublishRefusedError(MqttError):
    """The broker does not take a publication. ``lasting`` says that it never will over this connection."""

    def __init__(self, message: str, *, lasting: bool) -> None:
        super().__init__(message)
        self.lasting = lasting


class NotConnectedError(MqttError):
    """The connection ended before the broker answered."""
