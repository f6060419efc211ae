"""GENIQ (geniq.io) without GENIQ: its REST API and its callbacks, as its reference documents them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sms_bridge.simulator.provider_call import Misuse
from sms_bridge.simulator.provider_geniq_account import GeniqAccount
from sms_bridge.simulator.provider_geniq_codes import describe
from sms_bridge.simulator.provider_geniq_otp import OTP_FIELDS, OtpSessions
from sms_bridge.simulator.provider_geniq_rules import (
    INVALID_ORIGINATOR,
    SMS_FIELDS,
    originator_code,
    read_sms,
    recipient_code,
    whole,
)
from sms_bridge.simulator.provider_geniq_templates import (
    CATEGORIES,
    NAME_MISSING,
    STATUSES,
    TEMPLATE_FIELDS,
    Templates,
)
from sms_bridge.simulator.provider_geniq_tokens import stamp
from sms_bridge.simulator.provider_geniq_voice import check_call, parameters
from sms_bridge.simulator.provider_geniq_whatsapp import check_message, readable
from sms_bridge.simulator.provider_record import OnAir

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from sms_bridge.simulator.provider_call import Call, Handler
    from sms_bridge.simulator.provider_geniq_account import GeniqOptions
    from sms_bridge.simulator.provider_geniq_rules import Sms

#: Templates of one page: the default, and the most.
_PAGE: Final = 25
_LARGEST_PAGE: Final = 1000
_FILTERS: Final = ("category", "status", "name", "language")

#: Codes of the API and WhatsApp tables.
_INVALID_RECIPIENT: Final = 11
_DUPLICATE: Final = 16
_LIST_TOO_LONG: Final = 17
_NO_SESSION: Final = 301


class GeniqServer(GeniqAccount):
    """GENIQ's endpoints. For tests also: `templates` (``decide``, ``refused_names``)."""

    def __init__(self, options: GeniqOptions | None = None) -> None:
        super().__init__(options)
        self.templates = Templates()
        self._otp = OtpSessions(self.account.draw, self.clock)

    def routes(self) -> Mapping[str, Handler]:
        """Give every documented endpoint."""
        guarded: dict[str, Handler] = {
            "POST /sms": self._sms,
            "POST /batch_sms": self._batch,
            "GET /balance": self._balance,
            "POST /verify": self._verify,
            "POST /verify/{messageId}": self._prove,
            "POST /whatsapp/messages": self._whatsapp,
            "POST /whatsapp/message_templates": self._add_template,
            "GET /whatsapp/message_templates": self._list_templates,
            "DELETE /whatsapp/message_templates": self._remove_template,
            "POST /voice": self._voice,
        }
        return {"POST /token": self._token} | {
            endpoint: self.guarded(handler) for endpoint, handler in guarded.items()
        }

    def otp_code(self, message_id: str) -> str:
        """Give the one-time code that was sent under this identifier. Raises KeyError."""
        return self._otp.code(message_id)

    async def _token(self, call: Call) -> web.Response:
        self.check_client(call)
        if call.body not in {b"", b"{}"}:
            raise Misuse("POST /token takes no body")
        self.refuse_if(self.judge_credentials(call.request.headers.get("Authorization", "")))
        token, expiry = self.tokens.issue()
        return self.answer(0, expiry=stamp(expiry), token=token)

    async def _balance(self, call: Call) -> web.Response:
        self.parameters(call, ())
        kind = "Prepaid" if self.account.prepaid else "Postpaid"
        return self.answer(0, currency=self.account.currency, type=kind, balance=float(self.balance))

    async def _sms(self, call: Call) -> web.Response:
        form = self.parameters(call, ("recipient", *SMS_FIELDS))
        sms = self._read_sms(form)
        code, ids = self._send(form.get("recipient", ""), sms)
        self.refuse_if(code, sms.reference)
        return self.answer(0, sms.reference, messageIds=ids)

    async def _batch(self, call: Call) -> web.Response:
        form = self.parameters(call, ("recipients", *SMS_FIELDS))
        sms = self._read_sms(form)
        recipients = form.get("recipients", "").split(",")
        self.refuse_if(_INVALID_RECIPIENT if recipients == [""] else 0, sms.reference)
        self.refuse_if(_LIST_TOO_LONG if len(recipients) > self.account.batch_maximum else 0, sms.reference)
        entries, codes = [], []
        for index, recipient in enumerate(recipients):
            twice = recipient in recipients[:index]
            code, ids = (_DUPLICATE, []) if twice else self._send(recipient, sms)
            self.meet_code("api", code)
            codes.append(code)
            entries.append(self._entry(recipient, code, ids))
        failed = len([code for code in codes if code])
        details = {
            "total": len(recipients),
            "processed": len(recipients) - (0 if self.account.batch_counts_failed else failed),
            "failed": failed,
            "recipients": [entry for entry in entries if entry["recipient"] not in self.account.batch_omits],
        }
        all_failed = failed == len(recipients)
        top = next(filter(None, codes), 0) if all_failed or self.account.batch_top_failure else 0
        return self.answer(top, sms.reference, details=details)

    def _entry(self, recipient: str, code: int, ids: list[str]) -> dict[str, object]:
        return {
            "recipient": recipient,
            "messageIdList": ids,
            "responseCode": self.written(code),
            "responseMessage": describe(code),
        }

    def _read_sms(self, form: Mapping[str, str]) -> Sms:
        reference = form.get("reference", "")
        self.refuse_if(0 if form.get("originator") else INVALID_ORIGINATOR, reference)
        sms = read_sms(form)
        self.refuse_if(originator_code(sms.originator, form.get("originatorTon", "auto")), reference)
        return sms

    def _send(self, recipient: str, sms: Sms) -> tuple[int, list[str]]:
        code = recipient_code(recipient) or self.refusals.get(recipient, 0) or self.charge(len(sms.parts))
        if code:
            return code, []
        at = self.clock()
        expires = None if sms.validity is None else at + timedelta(seconds=sms.validity)
        message = OnAir(
            at=at, recipient=recipient, text=sms.text, reference=sms.reference or None, options=sms.options
        )
        return 0, self.issue(message, len(sms.parts), expires=expires)

    async def _verify(self, call: Call) -> web.Response:
        form = self.parameters(call, OTP_FIELDS)
        recipient, reference = form.get("recipient", ""), form.get("reference", "")
        otp, text, seconds = self._otp.prepare(form)
        self.refuse_if(recipient_code(recipient) or originator_code(form.get("originator", "")), reference)
        sms = read_sms({"message": text, "originator": form["originator"]})
        self.refuse_if(self.refusals.get(recipient, 0), reference)
        self.refuse_if(self.charge(len(sms.parts), self.account.otp_fee), reference)
        message = OnAir(
            at=self.clock(), recipient=recipient, text=text, reference=reference or None, options=form
        )
        ids = self.issue(message, 1)
        self._otp.open(ids[0], otp, seconds)
        return self.answer(0, reference, messageIds=ids)

    async def _prove(self, call: Call) -> web.Response:
        form, query = call.form(), call.query()
        self.meet_parameters(call, form, ("reference",))
        self.meet_parameters(call, query, ("code",))
        self.meet_parameters(call, call.path, ("messageId",))
        reference = form.get("reference", "")
        if not query.get("code"):
            raise Misuse("code is missing in the query")
        self.refuse_if(self._otp.prove(call.path["messageId"], query["code"]), reference)
        return self.answer(0, reference)

    async def _whatsapp(self, call: Call) -> web.Response:
        data = call.json_object()
        recipient, kind = check_message(data)
        self.meet_parameters(call, data, data)
        self.meet_code("whatsapp type", kind)
        reference = str(data.get("reference", ""))
        self.refuse_if(recipient_code(recipient) or self.refusals.get(recipient, 0), reference)
        if kind == "template":
            self.refuse_if(self.templates.judge_use(data), reference)
        else:
            self.refuse_if(0 if self.has_session(recipient) else _NO_SESSION, reference)
        self.refuse_if(self.charge(1), reference)
        text = readable(data)
        message = OnAir(
            at=self.clock(),
            recipient=recipient,
            text=text,
            reference=reference or None,
            channel="whatsapp",
            options=data,
        )
        ids = self.issue(message, 1, fallback=text if data.get("smsFallback") else "")
        return self.answer(0, reference, messageIds=ids)

    async def _add_template(self, call: Call) -> web.Response:
        data = call.json_object()
        self.meet_parameters(call, data, TEMPLATE_FIELDS)
        status = "APPROVED" if self.account.auto_approve else "PENDING"
        self.refuse_if(self.templates.add(data, template_id=self.new_id(), status=status))
        return self.answer(0)

    async def _list_templates(self, call: Call) -> web.Response:
        query = call.query()
        self.meet_parameters(call, query, (*_FILTERS, "limit", "cursorBefore", "cursorAfter"))
        if (
            query.get("category", CATEGORIES[0]) not in CATEGORIES
            or query.get("status", STATUSES[0]) not in STATUSES
        ):
            raise Misuse("category or status is none of the documented ones")
        limit = whole("limit", query.get("limit", str(_PAGE)), 1, _LARGEST_PAGE)
        filters = {name: value for name, value in query.items() if name in _FILTERS}
        found = self.templates.find(filters)
        start = whole("cursorAfter", query.get("cursorAfter", "0"), 0)
        if "cursorBefore" in query:
            start = max(0, whole("cursorBefore", query["cursorBefore"], 0) - limit)
        page = found[start : start + limit]
        cursors = {"before": str(start), "after": str(start + len(page))}
        data = [template.as_json() for template in page]
        return self.answer(0, data=data, paging={"cursors": cursors})

    async def _remove_template(self, call: Call) -> web.Response:
        query = call.query()
        self.meet_parameters(call, query, ("name", "id"))
        self.refuse_if(0 if query.get("name") else NAME_MISSING)
        self.refuse_if(self.templates.remove(query["name"], query.get("id")))
        return self.answer(0)

    async def _voice(self, call: Call) -> web.Response:
        data = call.json_object()
        text = check_call(data)
        self.meet_parameters(call, parameters(data), parameters(data))
        self.meet_code("locale", str(data["locale"]))
        recipient, reference = str(data["recipient"]), str(data.get("reference", ""))
        originator = str(data["originator"])
        self.refuse_if(recipient_code(recipient), reference)
        self.refuse_if(0 if originator.isdecimal() else INVALID_ORIGINATOR, reference)
        self.refuse_if(originator_code(originator) or self.refusals.get(recipient, 0), reference)
        self.refuse_if(self.charge(1), reference)
        message = OnAir(
            at=self.clock(),
            recipient=recipient,
            text=text,
            reference=reference or None,
            channel="voice",
            options=data,
        )
        return self.answer(0, reference, messageIds=self.issue(message, 1))
