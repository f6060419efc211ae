"""What a good configuration becomes."""

from __future__ import annotations

import stat
from datetime import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from sms_bridge.config import ConfigError, LogFormat, find_config, load
from sms_bridge.config.countries import COUNTRIES
from sms_bridge.links.settings import ModemLinkSettings, ProviderLinkSettings
from sms_bridge.mqtt.settings import (
    DEFAULT_ADMIN,
    DiscoveryMode,
    HomeAssistantSettings,
    MqttSettings,
    Protocol,
    TlsSettings,
)
from sms_bridge.routing.settings import Contact, QuietHours, Route, RouteMatch, RoutingSettings
from sms_bridge.web.settings import HttpSettings, TlsFiles
from sms_providers.model import OnUnknown, Priority

if TYPE_CHECKING:
    from pathlib import Path

    from sms_bridge.config import Config

STICK = "gateways: {stick: {type: modem, port: /dev/ttyUSB0}, spare: {type: modem, port: /dev/ttyUSB1}}\n"


def loaded(folder: Path, text: str, **environment: str) -> Config:
    path = folder / "sms-bridge.yaml"
    path.write_text(STICK + text)
    return load(path, environment)


def test_a_gateway_alone_is_enough_and_all_else_has_its_default(tmp_path: Path) -> None:
    config = loaded(tmp_path, "")
    assert config.mqtt == MqttSettings()
    assert config.routing == RoutingSettings(gateways=("stick", "spare"))
    assert config.store_url == "sqlite:////var/lib/sms-bridge/bridge.db"
    assert (config.instance, config.log.level, config.log.format, config.log.texts) == (
        "main",
        "info",
        LogFormat.TEXT,
        False,
    )
    assert config.warnings == ()


def test_an_empty_section_is_one_with_all_defaults(tmp_path: Path) -> None:
    assert loaded(tmp_path, "mqtt:\nlimits:\nroutes:\ncontacts:\n").routing == loaded(tmp_path, "").routing


EVERYTHING = """
instance: attic
mqtt: {host: broker, port: 8883, username: me, password: pw, protocol: 3.1.1, client_id: c, base_topic: a/b,
       keepalive: 60, verbose_states: true, admin: [health, ussd], tls: {ca: /ca.pem, insecure: true}}
store: {url: "sqlite:////tmp/x.db", keep_days: 7, keep_texts: final}
defaults: {country: NO, time_zone: Europe/Oslo, on_unknown: hold, on_unknown_grace: 5, dlr: false, max_segments: 3,
           valid_for: 600, report_timeout: 60}
contacts: {anna: "+4917 0123-4567", ben: {number: +491701234568, gateway: [spare, stick]}, kari: 0047 40 61 23 45}
groups: {family: [anna, ben, anna]}
routes:
  - {match: {prefix: ["+49", "0043"], priority: [otp]}, use: [stick, {any: [stick, spare]}]}
  - {use: spare}
limits: {per_minute: null, quiet_hours: {from: 22:00, to: 06:30}}
allow: ["+4"]
deny: []
allow_emergency: true
incoming: {join_timeout: 60, plain_topics: true}
log: {level: debug, format: json, texts: true}
"""


def test_everything_arrives_where_it_belongs(tmp_path: Path) -> None:
    config = loaded(tmp_path, EVERYTHING)
    routing = config.routing
    assert config.mqtt == MqttSettings(
        host="broker",
        port=8883,
        username="me",
        password="pw",
        protocol=Protocol.V311,
        client_id="c",
        base_topic="a/b",
        keepalive=60,
        verbose_states=True,
        admin=("health", "ussd"),
        tls=TlsSettings(ca="/ca.pem", insecure=True),
        instance="attic",
        valid_for=600,
    )
    assert config.store_url == "sqlite:////tmp/x.db"
    assert (routing.keep_days, routing.keep_texts, routing.verbose_states) == (7, False, True)
    assert routing.defaults.country == "NO"
    assert routing.defaults.time_zone == ZoneInfo("Europe/Oslo")
    assert routing.defaults.on_unknown is OnUnknown.HOLD
    assert routing.contacts == {
        "anna": Contact(name="anna", number="+491701234567"),
        "ben": Contact(name="ben", number="+491701234568", gateway=("spare", "stick")),
        "kari": Contact(name="kari", number="+4740612345"),
    }
    assert routing.groups == {"family": ("anna", "ben")}
    assert routing.routes == (
        Route(
            match=RouteMatch(prefix=("+49", "+43"), priority=(Priority.OTP,)),
            use=(("stick",), ("stick", "spare")),
        ),
        Route(use=(("spare",),)),
    )
    assert routing.limits.per_minute is None
    assert routing.limits.quiet_hours == QuietHours(start=time(22), end=time(6, 30))
    assert (routing.allow, routing.deny, routing.allow_emergency) == (("+4",), (), True)
    assert (routing.join_timeout, routing.plain_topics) == (60, True)
    assert config.log.format is LogFormat.JSON


def test_a_modem_has_the_engines_settings(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "gateways:\n  a: {type: modem, port: /dev/a, pin: 0123, roaming: deny, on_call: hang_up, smsc: +491710760000,\n"
        "      balance: {ussd: '*100#', pattern: '([0-9,]+) €', currency: EUR}}\n"
    )
    gateway = load(path, {}).gateways["a"]
    settings = gateway.settings
    assert isinstance(settings, ModemLinkSettings)
    assert (settings.modem.port, settings.modem.pin, settings.modem.smsc) == (
        "/dev/a",
        "0123",
        "+491710760000",
    )
    assert (settings.modem.roaming, settings.modem.on_call) == ("deny", "hang_up")
    assert settings.balance is not None
    assert settings.balance.pattern.search("noch 12,40 €") is not None
    assert "0123" not in repr(gateway)


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        ("{}", None),
        ("{ca: null}", None),
        ("{ca: system}", TlsSettings()),
        ("{ca: /ca.pem}", TlsSettings(ca="/ca.pem")),
        ("{insecure: true}", TlsSettings(insecure=True)),
    ],
)
def test_encryption_is_on_as_soon_as_one_of_its_keys_is_set(
    tmp_path: Path, tls: str, expected: TlsSettings | None
) -> None:
    assert loaded(tmp_path, f"mqtt: {{tls: {tls}}}").mqtt.tls == expected


def test_a_stores_relative_path_starts_at_the_configuration(tmp_path: Path) -> None:
    assert (
        loaded(tmp_path, "store: {url: sqlite:///data/x.db}").store_url == f"sqlite:///{tmp_path}/data/x.db"
    )


def test_secrets_come_from_four_places(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "user").write_text("from-systemd\n")
    (credentials / "user").chmod(0o600)
    (tmp_path / "secrets.yaml").write_text("user: from-secrets\nbroker: from-secrets\npin: 0042\n")
    (tmp_path / "secrets.yaml").chmod(0o600)
    (tmp_path / "password").write_text("from-file\n")
    (tmp_path / "password").chmod(0o600)
    path = tmp_path / "sms-bridge.yaml"
    path.write_text(
        "mqtt: {host: !secret broker, username: !secret user, password_file: password, client_id: !env ME}\n"
        "gateways: {stick: {type: modem, port: /dev/a, pin: !secret pin}}\n"
    )
    config = load(path, {"CREDENTIALS_DIRECTORY": str(credentials), "ME": "from-environment"})
    assert config.mqtt.host == "from-secrets"
    assert config.mqtt.username == "from-systemd"
    assert config.mqtt.password == "from-file"
    assert config.mqtt.client_id == "from-environment"
    assert isinstance(config.gateways["stick"].settings, ModemLinkSettings)
    assert config.gateways["stick"].settings.modem.pin == "0042"
    assert config.warnings == ()
    assert "from-file" not in repr(config)


def test_a_gateways_key_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("1234\n")
    path = tmp_path / "sms-bridge.yaml"
    path.write_text("gateways: {stick: {type: modem, port: /dev/a, pin_file: pin}}\n")
    settings = load(path, {}).gateways["stick"].settings
    assert isinstance(settings, ModemLinkSettings)
    assert settings.modem.pin == "1234"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mqtt: {password: !secret x}", "there is no file"),
        ("mqtt: {password_file: nowhere}", "cannot read"),
        ("mqtt: {password_file: [x]}", "expected the name of a file"),
        (
            "mqtt: {password_file: sms-bridge.yaml, password: x}",
            "give either password or password_file, not both",
        ),
    ],
)
def test_a_secret_that_is_not_there_is_one_fault(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        loaded(tmp_path, text)
    assert len(caught.value.problems) == 1


def test_a_secret_without_a_name_in_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("a: b\n")
    with pytest.raises(ConfigError, match="there is no secret named x in"):
        loaded(tmp_path, "mqtt: {password: !secret x}")


def test_secrets_that_everybody_can_read_are_warned_of_once(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("a: b\nc: d\n")
    secrets.chmod(0o644)
    (warning,) = loaded(tmp_path, "mqtt: {password: !secret a, username: !secret c}").warnings
    assert str(warning) == (
        f"{secrets}: every user of this machine can read these secrets; run: chmod o-r {secrets}"
    )
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o644


def test_the_environment_replaces_single_values(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("new")
    config = loaded(
        tmp_path,
        "mqtt: {host: file, password: old}\n",
        SMS_BRIDGE_INSTANCE="other",
        SMS_BRIDGE_MQTT__HOST="environment",
        SMS_BRIDGE_MQTT__PORT="1884",
        SMS_BRIDGE_MQTT__VERBOSE_STATES="true",
        SMS_BRIDGE_MQTT__PASSWORD_FILE="pw",
        SMS_BRIDGE_MQTT__TLS__CA="system",
        SMS_BRIDGE_LOG__LEVEL="debug",
        SMS_BRIDGE_CONFIG="elsewhere.yaml",
        SMS_BRIDGE_PORT="tcp://10.0.0.1:80",
    )
    assert config.instance == config.mqtt.instance == "other"
    assert (config.mqtt.host, config.mqtt.port, config.mqtt.password) == ("environment", 1884, "new")
    assert config.mqtt.verbose_states
    assert config.mqtt.tls == TlsSettings()
    assert config.log.level == "debug"


@pytest.mark.parametrize(
    ("http", "told"),
    [
        ("{token: x}", {"http.token": "this has no effect without http.listen"}),
        (
            '{listen: "127.0.0.1:8099", token: x, public_url: "http://x"}',
            {"http.token": "this has no effect in this version"},
        ),
        (
            "{public_url: 'https://x/', tls: {cert: c, key: k}}",
            {
                "http.public_url": "this has no effect without http.listen",
                "http.tls": "this has no effect without http.listen",
            },
        ),
        ('{listen: "127.0.0.1:8099", public_url: "https://x"}', {}),
    ],
)
def test_keys_of_the_web_server_without_effect_are_accepted_with_a_warning(
    tmp_path: Path, http: str, told: dict[str, str]
) -> None:
    config = loaded(tmp_path, f"http: {http}\n")
    assert {warning.key: warning.message for warning in config.warnings} == told


def test_the_web_server_is_set_and_its_secret_never_shown(tmp_path: Path) -> None:
    text = (
        'http: {listen: "[::1]:8099", public_url: "https://x/sms/", token: geheim, tls: {cert: c, key: k}}\n'
    )
    http = loaded(tmp_path, text).http
    assert (http.listen, http.public_url) == (("::1", 8099), "https://x/sms")
    assert http.tls == TlsFiles(cert="c", key="k")
    assert http.token == "geheim"
    assert "geheim" not in repr(http)
    assert loaded(tmp_path, "").http == HttpSettings()


GENIQ = "type: geniq, api_key: k, api_secret: geheim, originator: HOME"


def account(folder: Path, gateway: str) -> ProviderLinkSettings:
    path = folder / "sms-bridge.yaml"
    path.write_text(f"gateways: {{x: {{{gateway}}}}}\n")
    config = load(path, {}).gateways["x"]
    assert config.maker == "sms_bridge.app.provider_gateway"
    assert isinstance(config.settings, ProviderLinkSettings)
    assert "geheim" not in repr(config)
    return config.settings


@pytest.mark.parametrize(
    ("gateway", "fields"),
    [
        (GENIQ, {"api_key": "k", "api_secret": "geheim", "originator": "HOME"}),
        (
            "type: smsgic, token: geheim, originator: INFO, base_url: 'http://localhost:1/'",
            {
                "token": "geheim",
                "originator": "INFO",
                "recipients_encoding": "auto",
                "base_url": "http://localhost:1",
            },
        ),
        (
            "type: ubill, api_key: geheim, brand_id: 1, time_zone: Europe/Riga",
            {"api_key": "geheim", "brand_id": 1, "send_method": "post_json", "time_zone": "Europe/Riga"},
        ),
        (
            "type: smsgateway24, token: geheim, device_id: 1576",
            {
                "token": "geheim",
                "device_id": "1576",
                "sim": 0,
                "send_method": "token",
                "time_zone": "Europe/Paris",
            },
        ),
        (
            "type: geniosms, api_key: geheim, parameters: {to: nr}, extra_params: {id: 7}, user_agent: x",
            {
                "api_key": "geheim",
                "parameters": {"to": "nr", "msg": "msg", "api": "api", "custom": "custom"},
                "extra_params": {"id": "7"},
                "user_agent": "x",
            },
        ),
    ],
)
def test_an_account_at_a_provider_holds_what_is_given_and_leaves_the_rest_to_the_provider(
    tmp_path: Path, gateway: str, fields: dict[str, object]
) -> None:
    settings = account(tmp_path, gateway)
    assert settings.account == {"response_timeout": 30, **fields}
    assert settings.poll_interval == 60


def test_a_secret_of_an_account_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("geheim\n")
    settings = account(tmp_path, "type: geniosms, api_key_file: key")
    assert settings.account["api_key"] == "geheim"


@pytest.mark.parametrize(
    ("http", "warned"),
    [
        ("", ["gateways.x"]),
        ('http: {listen: "127.0.0.1:1"}', ["gateways.x"]),
        ('http: {listen: "127.0.0.1:1", public_url: "http://x"}', []),
    ],
)
def test_a_provider_that_could_only_call_is_warned_of_where_it_cannot(
    tmp_path: Path, http: str, warned: list[str]
) -> None:
    path = tmp_path / "sms-bridge.yaml"
    path.write_text(f"gateways: {{x: {{{GENIQ}}}}}\n{http}\n")
    config = load(path, {})
    assert [warning.key for warning in config.warnings] == warned
    assert all("`sms-bridge gateway x`" in warning.message for warning in config.warnings)


def test_home_assistant_discovery_is_set(tmp_path: Path) -> None:
    config = loaded(tmp_path, "homeassistant: {discovery: on, prefix: ha/test}\n")
    assert config.homeassistant == HomeAssistantSettings(discovery=DiscoveryMode.ON, prefix="ha/test")
    assert loaded(tmp_path, "").homeassistant == HomeAssistantSettings()
    assert config.warnings == ()


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "gateways:\n  a: &a {type: modem, port: /dev/a, baudrate: 9600}\n  b: {<<: *a, port: /dev/b}\n"
    )
    settings = load(path, {}).gateways["b"].settings
    assert isinstance(settings, ModemLinkSettings)
    assert (settings.modem.port, settings.modem.baudrate) == ("/dev/b", 9600)


def test_admin_has_no_dangerous_command_by_default(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").mqtt.admin == DEFAULT_ADMIN
    assert not {"ussd", "pair", "unpair", "reload"} & set(DEFAULT_ADMIN)


def test_the_configuration_is_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(find_config("given.yaml", {"SMS_BRIDGE_CONFIG": "named.yaml"})) == "given.yaml"
    assert str(find_config(None, {"SMS_BRIDGE_CONFIG": "named.yaml"})) == "named.yaml"
    (tmp_path / "sms-bridge.yaml").write_text("")
    assert str(find_config(None, {})) == "sms-bridge.yaml"


def test_no_configuration_at_all_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "sms_bridge.config.reader.DEFAULT_FILES", ("sms-bridge.yaml", "nowhere/sms-bridge.yaml")
    )
    with pytest.raises(ConfigError, match="there is none: name one with -c FILE"):
        find_config(None, {})


def test_every_country_with_a_numbering_plan_is_known() -> None:
    assert set(phonenumbers.SUPPORTED_REGIONS) == COUNTRIES
