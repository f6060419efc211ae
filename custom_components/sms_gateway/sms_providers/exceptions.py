"""What can go wrong at a provider: one tree, its branches by what the caller does.

Every message is a sentence for people, without secrets, texts and full numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .model import Error, ErrorCode, NoAnswer, RefusalClass, Refused, refusal_class

if TYPE_CHECKING:
    from .model import Outcome


class ProviderError(Exception):
    """A provider did not do what it was asked.

    ``code`` is an error code of the MQTT contract, ``provider_code`` the provider's own word.
    """

    code: ErrorCode
    default: ClassVar[ErrorCode] = ErrorCode.INTERNAL

    def __init__(
        self, message: str, *, code: ErrorCode | None = None, provider_code: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code or self.default
        self.provider_code = provider_code

    def as_error(self) -> Error:
        """Return the error of an event."""
        return Error(
            code=self.code,
            message=str(self),
            provider_code=self.provider_code,
            temporary=refusal_class(self.code) is RefusalClass.TEMPORARY,
        )

    def outcome(self) -> Outcome:
        """Return what this means for the message that was being sent: certainly not sent, unless a branch says so."""
        return Refused(error=self.as_error())


class AuthError(ProviderError):
    """The credentials, the account or our address are refused: the user has to do something."""

    default = ErrorCode.AUTH


class RejectedError(ProviderError):
    """The same request will be refused again; ``code`` says by whom it may not."""

    default = ErrorCode.REJECTED_BY_NETWORK


class UnsupportedError(RejectedError):
    """This provider cannot do it; nothing was asked of it."""

    default = ErrorCode.UNSUPPORTED


class TemporaryError(ProviderError):
    """Certainly not done; the same may work later."""

    default = ErrorCode.NETWORK


class ThrottledError(TemporaryError):
    """Too much at once: nothing is to be asked of this provider for ``retry_after`` seconds."""

    default = ErrorCode.THROTTLED

    def __init__(self, message: str, *, retry_after: float, provider_code: str | None = None) -> None:
        super().__init__(message, provider_code=provider_code)
        self.retry_after = retry_after

    def outcome(self) -> Outcome:
        """Return a refusal that pauses the gateway."""
        return Refused(error=self.as_error(), retry_after=self.retry_after)


class NoAnswerError(ProviderError):
    """It cannot be known whether the provider did it: the request left, and no answer came."""

    default = ErrorCode.TIMEOUT

    def outcome(self) -> Outcome:
        """Return *unknown*."""
        return NoAnswer(error=self.as_error())


class ProtocolError(NoAnswerError):
    """An answer came that cannot be read; whether the provider did it is not known either."""

    default = ErrorCode.PROTOCOL
