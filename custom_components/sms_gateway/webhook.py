"""The webhook of a provider account: where its delivery reports and received messages arrive."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aiohttp.hdrs import CONTENT_LENGTH, CONTENT_TYPE, METH_PUT
from aiohttp.web import Response
from homeassistant.components import webhook
from homeassistant.core import callback
from homeassistant.helpers.network import NoURLAvailableError

from .const import CONF_WEBHOOK_ID, DOMAIN
from .sms_providers.callbacks import MAX_BODY, METHODS
from .sms_providers.provider import CallbackRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.web import Request
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from .sms_providers.callbacks import CallbackReceiver

_CLOUD: Final = "cloud"
#: Octets read at a time.
_CHUNK: Final = 65_536


async def callback_url(hass: HomeAssistant, entry: ConfigEntry) -> str | None:
    """Return where the provider of an account reaches us, ``None`` where nobody outside can.

    This is a cloudhook where Nabu Casa is active; it is made when it is first asked for.
    """
    return await webhook_url(hass, entry.data[CONF_WEBHOOK_ID])


async def webhook_url(hass: HomeAssistant, webhook_id: str) -> str | None:
    """Do as :func:`callback_url`, for an account that is no config entry yet."""
    if _CLOUD in hass.config.components:
        from homeassistant.components import cloud  # noqa: PLC0415 - large, and loaded where it is set up

        if cloud.async_active_subscription(hass):
            with suppress(cloud.CloudNotAvailable):
                return await cloud.async_get_or_create_cloudhook(hass, webhook_id)
    try:
        return webhook.async_generate_url(hass, webhook_id, allow_internal=False, prefer_external=True)
    except NoURLAvailableError:
        return None


@callback
def register(hass: HomeAssistant, entry: ConfigEntry, receiver: CallbackReceiver) -> Callable[[], None]:
    """Let the provider in; returns what shuts it out again."""
    webhook_id = entry.data[CONF_WEBHOOK_ID]

    async def handle(_hass: HomeAssistant, _webhook_id: str, request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status=413, text="Content Too Large")
        answer = await receiver.receive(
            CallbackRequest(
                method=request.method,
                content_type=request.headers.get(CONTENT_TYPE, ""),
                query=_query(request),
                body=body,
            )
        )
        return Response(status=answer.status, text=answer.body)

    # Home Assistant itself would refuse a PUT with the secret webhook id in its log.
    webhook.async_register(
        hass, DOMAIN, entry.title, webhook_id, handle, allowed_methods=(*METHODS, METH_PUT)
    )

    @callback
    def unregister() -> None:
        webhook.async_unregister(hass, webhook_id)

    return unregister


async def forget_cloudhook(hass: HomeAssistant, webhook_id: str) -> None:
    """Delete the cloudhook of an account that is gone, or never came to be, if there is one."""
    if _CLOUD in hass.config.components:
        from homeassistant.components import cloud  # noqa: PLC0415 - large, and loaded where it is set up

        # A hook that does not exist is a ValueError.
        with suppress(cloud.CloudNotAvailable, ValueError):
            await cloud.async_delete_cloudhook(hass, webhook_id)


async def _body(request: Request) -> bytes | None:
    """Read a body, ``None`` for one that is too large.

    A request through a cloudhook has no ``read``, and begins anew each time its ``content`` is taken.
    """
    announced = request.headers.get(CONTENT_LENGTH, "")
    if announced.isdigit() and int(announced) > MAX_BODY:
        return None
    body, content = b"", request.content
    while chunk := await content.read(_CHUNK):
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return body


def _query(request: Request) -> str:
    """The query as it came, still encoded; a cloudhook's request has no URL to take it from."""
    rel_url = getattr(request, "rel_url", None)
    return request.query_string if rel_url is None else rel_url.raw_query_string
