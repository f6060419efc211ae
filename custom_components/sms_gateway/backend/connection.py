"""The way to a provider: whether it works, whether the account has to be left alone, and its errors as a backend's."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.util import dt as dt_util

from ..sms_providers.exceptions import (
    AuthError,
    NoAnswerError,
    ProviderError,
    TemporaryError,
    ThrottledError,
)
from ..sms_providers.model import ErrorCode, Refused, Taken
from . import AuthenticationError, BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ..sms_providers.model import Outcome

#: Refusals of a send that say that the account as a whole does not work.
_ACCOUNT_FAILS: Final = frozenset({ErrorCode.AUTH, ErrorCode.IP_DENIED, ErrorCode.NETWORK})


class Connection:
    """What every request says about the account. ``changed`` is called when :attr:`connected` does.

    :attr:`denied` says that the provider lets nobody in until somebody has done something. ``auth_failed`` is called
    when the credentials are refused: the user has to sign in again.
    """

    def __init__(self, changed: Callable[[], None], auth_failed: Callable[[], None]) -> None:
        self._changed = changed
        self._auth_failed = auth_failed
        self._paused_until: datetime | None = None
        self.connected = False
        self.denied = False

    @property
    def pause(self) -> timedelta:
        """How long the account has to be left alone."""
        if self._paused_until is None:
            return timedelta()
        return max(self._paused_until - dt_util.utcnow(), timedelta())

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask the provider something. Raises :class:`BackendError` for its errors, and keeps in mind what they say."""
        try:
            yield
        except ProviderError as error:
            self._note(error)
            raise _backend_error(error) from error
        self._set(connected=True)

    def sent(self, outcome: Outcome) -> None:
        """Keep in mind what the outcome of a send says."""
        if isinstance(outcome, Taken):
            self._set(connected=True)
        elif isinstance(outcome, Refused):
            if outcome.retry_after is not None:
                self._leave_alone(outcome.retry_after)
            if outcome.error.code in _ACCOUNT_FAILS:
                self.denied = outcome.error.code is not ErrorCode.NETWORK
                self._set(connected=False)
            if outcome.error.code is ErrorCode.AUTH:
                self._auth_failed()

    def _note(self, error: ProviderError) -> None:
        if isinstance(error, ThrottledError):
            self._leave_alone(error.retry_after)
            return
        self.denied = isinstance(error, AuthError)
        self._set(connected=not isinstance(error, AuthError | NoAnswerError | TemporaryError))
        if isinstance(error, AuthError) and error.code is ErrorCode.AUTH:
            self._auth_failed()

    def _leave_alone(self, seconds: float) -> None:
        until = dt_util.utcnow() + timedelta(seconds=seconds)
        if self._paused_until is None or until > self._paused_until:
            self._paused_until = until

    def _set(self, *, connected: bool) -> None:
        self.denied = self.denied and not connected
        if connected != self.connected:
            self.connected = connected
            self._changed()


def _backend_error(error: ProviderError) -> BackendError:
    if isinstance(error, AuthError) and error.code is ErrorCode.AUTH:
        return AuthenticationError(str(error))
    return BackendError(error.code.value, str(error))
