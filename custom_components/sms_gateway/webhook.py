"""The webhook of a provider account: where its delivery reports and received messages arrive."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aiohttp.hdrs import CONTENT_LENGTH, CONTENT_TYPE, METH_PUT
from aiohttp.web import RequestPayloadError, Response
from homeassistant.components import webhook
from homeassistant.core import callback
from homeassistant.helpers.network import NoURLAvailableError
from homeassistant.util.hass_dict import HassKey

from .const import CONF_WEBHOOK_ID, DOMAIN
from .sms_providers.callbacks import MAX_BODY, METHODS
from .sms_providers.provider import CallbackRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.web import Request
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from .sms_providers.callbacks import CallbackReceiver

#: Who takes the calls at each webhook id; ``None`` while the account is not loaded.
_RECEIVERS: Final[HassKey[dict[str, CallbackReceiver | None]]] = HassKey(f"{DOMAIN}_receivers")
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
def reserve(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Answer the provider from now on, whether the account is loaded or not; may be called again.

    Home Assistant itself answers 200 to a webhook that nobody has registered, and the provider would not come again.
    """
    receivers = hass.data.setdefault(_RECEIVERS, {})
    webhook_id = entry.data[CONF_WEBHOOK_ID]
    if webhook_id in receivers:
        return
    receivers[webhook_id] = None

    async def handle(_hass: HomeAssistant, _webhook_id: str, request: Request) -> Response:
        receiver = receivers.get(webhook_id)
        if receiver is None:
            return Response(status=503, text="Service Unavailable")
        return await _receive(receiver, request)

    # Home Assistant itself would refuse a PUT with the secret webhook id in its log.
    webhook.async_register(
        hass, DOMAIN, entry.title, webhook_id, handle, allowed_methods=(*METHODS, METH_PUT)
    )


@callback
def register(hass: HomeAssistant, entry: ConfigEntry, receiver: CallbackReceiver) -> Callable[[], None]:
    """Let the provider in; returns what sends it away again, to come later."""
    reserve(hass, entry)
    receivers, webhook_id = hass.data[_RECEIVERS], entry.data[CONF_WEBHOOK_ID]
    receivers[webhook_id] = receiver

    @callback
    def unregister() -> None:
        if webhook_id in receivers:
            receivers[webhook_id] = None

    return unregister


@callback
def release(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Answer the provider no more: the account is gone."""
    webhook_id = entry.data[CONF_WEBHOOK_ID]
    if webhook_id in hass.data.get(_RECEIVERS, {}):
        del hass.data[_RECEIVERS][webhook_id]
        webhook.async_unregister(hass, webhook_id)


async def _receive(receiver: CallbackReceiver, request: Request) -> Response:
    try:
        body = await _body(request)
    except RequestPayloadError, ConnectionError:
        # Of an exception Home Assistant would make an entry in its log, with the secret webhook id.
        return Response(status=400, text="Bad Request")
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
