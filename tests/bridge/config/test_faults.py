"""Every fault of a configuration: its line, its key, and what to do. The messages are shown to people as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sms_bridge.config import ConfigError, load

if TYPE_CHECKING:
    from pathlib import Path

KINDS = "modem, geniq, smsgic, ubill, smsgateway24, geniosms"
STICK = "gateways:\n  stick: {type: modem, port: /dev/ttyUSB0}\n"

#: What is added after a good gateway (lines 1 and 2), and the faults it has: line, key, message.
FAULTS = [
    ("mqtt: {hots: x}", [(3, "mqtt.hots", "this key is unknown. Did you mean host?")]),
    (
        "mqtt:\n  host: x\n  port: 99999",
        [(5, "mqtt.port", "expected a whole number from 1 to 65535, given 99999")],
    ),
    ('mqtt: {port: "1883"}', [(3, "mqtt.port", 'expected a whole number from 1 to 65535, given "1883"')]),
    ("mqtt: {port: true}", [(3, "mqtt.port", "expected a whole number from 1 to 65535, given true")]),
    ("mqtt: {protocol: 4}", [(3, "mqtt.protocol", "expected 5 or 3.1.1, given 4")]),
    ("mqtt: [a]", [(3, "mqtt", "expected keys with values, given a list")]),
    ("mqtt: {admin: health}", [(3, "mqtt.admin", 'expected a list, given "health"')]),
    ("mqtt: {tls: {cat: x}}", [(3, "mqtt.tls.cat", "this key is unknown. Did you mean ca?")]),
    (
        "mqtt: {base_topic: sms/}",
        [
            (
                3,
                "mqtt.base_topic",
                "expected a topic without '+', '#', a leading '$' or empty levels, given \"sms/\"",
            )
        ],
    ),
    (
        "mqtt: {password: [geheim]}",
        [
            (
                3,
                "mqtt.password",
                "expected a text (best as !secret NAME), or null; what is given is a secret and not shown",
            )
        ],
    ),
    ("verbose: true", [(3, "verbose", "this key is unknown.")]),
    ("gateway: {}", [(3, "gateway", "this key is unknown. Did you mean gateways?")]),
    (
        "instance: a/b",
        [
            (
                3,
                "instance",
                f"expected {'a name of letters, digits, '}'.', '_' and '-', at most 64, given \"a/b\"",
            )
        ],
    ),
    (
        "store: {url: postgresql://db/sms}",
        [
            (
                3,
                "store.url",
                (
                    'expected "sqlite:///" and a path, such as "sqlite:////var/lib/sms-bridge/bridge.db" '
                    '(PostgreSQL is not in this version), given "postgresql://db/sms"'
                ),
            )
        ],
    ),
    ("store: {keep_texts: never}", [(3, "store.keep_texts", 'expected days or final, given "never"')]),
    (
        "defaults: {country: de}",
        [(3, "defaults.country", 'expected the two capital letters of a country, such as DE, given "de"')],
    ),
    (
        "defaults: {country: UK}",
        [(3, "defaults.country", 'expected the two capital letters of a country, such as DE, given "UK"')],
    ),
    (
        "defaults: {time_zone: Europe/Berlni}",
        [
            (
                3,
                "defaults.time_zone",
                'expected a time zone such as Europe/Berlin, or null, given "Europe/Berlni"',
            )
        ],
    ),
    ("defaults: {dlr: yes}", [(3, "defaults.dlr", 'expected true or false, given "yes"')]),
    (
        "homeassistant: {discovery: always}",
        [(3, "homeassistant.discovery", 'expected auto, on or off, given "always"')],
    ),
    (
        "http: {listen: 8099}",
        [(3, "http.listen", 'expected an address and port such as "127.0.0.1:8099", or null, given 8099')],
    ),
    ("http: {tls: {cert: x}}", [(3, "http.tls.key", "this key is missing")]),
    (
        "limits: {per_minute: 0}",
        [(3, "limits.per_minute", "expected a whole number of at least 1, or null, given 0")],
    ),
    (
        "limits: {reserve: 20}",
        [(3, "limits.reserve", "expected a number from 0 to 1, such as 0.2, given 20")],
    ),
    (
        "limits:\n  quiet_hours:\n    from: 25:00",
        [
            (5, "limits.quiet_hours.from", 'expected a time of day such as "22:00", given "25:00"'),
            (4, "limits.quiet_hours.to", "this key is missing"),
        ],
    ),
    (
        "deny: [882]",
        [(3, "deny[0]", 'expected the beginning of an international number, such as "+49", given 882')],
    ),
    (
        'contacts: {"12": "+491701234567"}',
        [
            (
                3,
                "contacts.12",
                (
                    "expected a name without '/', '+', '#', ',' and control characters that is not all digits, "
                    'given "12"'
                ),
            )
        ],
    ),
    (
        'contacts: {a+b: "+491701234567"}',
        [
            (
                3,
                "contacts.a+b",
                (
                    "expected a name without '/', '+', '#', ',' and control characters that is not all digits, "
                    'given "a+b"'
                ),
            )
        ],
    ),
    (
        'contacts: {ben: {number: "+491701234567", gateway: stik}}',
        [(3, "contacts.ben.gateway", 'there is no gateway "stik". Did you mean stick?')],
    ),
    (
        'contacts: {anna: "+491701234567"}\ngroups: {family: [ana]}',
        [(4, "groups.family[0]", 'there is no contact "ana". Did you mean anna?')],
    ),
    (
        'contacts: {anna: "+491701234567"}\ngroups: {anna: [anna]}',
        [(4, "groups.anna", "a contact has this name already")],
    ),
    ("groups: {family: []}", [(3, "groups.family", "expected a list of contacts, given a list")]),
    ("routes: {use: stick}", [(3, "routes", "expected a list, given a mapping")]),
    ("routes:\n  - {use: []}", [(4, "routes[0].use", "expected at least one gateway")]),
    ("routes:\n  - {}", [(4, "routes[0].use", "this key is missing")]),
    (
        "routes:\n  - use: stick\n  - {use: {any: [stick, sitck]}}",
        [(5, "routes[1].use", 'there is no gateway "sitck". Did you mean stick?')],
    ),
    (
        "routes:\n  - {use: [{all: [stick]}]}",
        [
            (
                4,
                "routes[0].use",
                "expected a gateway's name, a list of names, or {any: [names]}, given a mapping",
            )
        ],
    ),
    (
        "routes:\n  - {match: {priority: [urgent]}, use: stick}",
        [(4, "routes[0].match.priority[0]", 'expected low, normal, high or otp, given "urgent"')],
    ),
    (
        "log: {level: info}\nlog: {level: debug}",
        [(3, "log", "is given twice, again in line 4")],
    ),
    (
        "log: {level: !secrte x}",
        [(3, "log.level", "the tag !secrte is unknown; there are !secret NAME and !env NAME")],
    ),
    ("mqtt: {password: !env NOT_SET}", [(3, "mqtt.password", "the environment variable NOT_SET is not set")]),
]

GATEWAYS = [
    (
        "x: {type: modm, port: p}",
        "gateways.x.type",
        f'expected one of: {KINDS}, given "modm". Did you mean modem?',
    ),
    ("x: {port: p}", "gateways.x.type", f"this key is missing; this version has: {KINDS}"),
    ("x: {type: modem}", "gateways.x.port", "this key is missing"),
    ("x: modem", "gateways.x", 'expected keys with values, given "modem"'),
    (
        "x: {type: modem, port: p, pin: 123}",
        "gateways.x.pin",
        "expected four to eight digits (best as !secret NAME), or null; what is given is a secret and not shown",
    ),
    (
        "x: {type: modem, port: p, profile: sim80}",
        "gateways.x.profile",
        None,
    ),
    (
        "x: {type: modem, port: p, balance: {ussd: '*100#', pattern: '[0-9]+'}}",
        "gateways.x.balance.pattern",
        'expected a regular expression with one group around the amount (it has 0 groups), given "[0-9]+"',
    ),
    (
        "x: {type: modem, port: p, balance: {ussd: '*100#', pattern: '(['}}",
        "gateways.x.balance.pattern",
        None,
    ),
    ("x/y: {type: modem, port: p}", "gateways.x/y", None),
    ("x: {type: geniq, api_key: k, api_secret: s}", "gateways.x.originator", "this key is missing"),
    (
        "x: {type: geniq, api_key: k, api_secret: s, originator: MORE THAN ELEVEN}",
        "gateways.x.originator",
        (
            "expected at most 11 letters, digits and signs, or a number of at most 15 digits, "
            'given "MORE THAN ELEVEN"'
        ),
    ),
    (
        "x: {type: geniq, api_key: [geheim], api_secret: s, originator: HOME}",
        "gateways.x.api_key",
        "expected a text (best as !secret NAME); what is given is a secret and not shown",
    ),
    (
        "x: {type: smsgic, token: t, originator: INFO, orginator: INFO}",
        "gateways.x.orginator",
        "this key is unknown.",
    ),
    (
        "x: {type: smsgic, token: t, originator: INFO, base_url: api.smsgic.com}",
        "gateways.x.base_url",
        'expected an address that begins with http:// or https://, or null, given "api.smsgic.com"',
    ),
    (
        "x: {type: smsgic, token: t, originator: INFO, poll_interval: 0}",
        "gateways.x.poll_interval",
        "expected a whole number of seconds from 1 to 86400, given 0",
    ),
    (
        "x: {type: ubill, api_key: k, brand_id: HOME}",
        "gateways.x.brand_id",
        'expected a whole number of at least 1, given "HOME"',
    ),
    (
        "x: {type: ubill, api_key: k, brand_id: 1, send_method: put}",
        "gateways.x.send_method",
        'expected post_json or get, given "put"',
    ),
    (
        "x: {type: smsgateway24, device_id: 7, email: me@example.com}",
        "gateways.x.password",
        "this key is missing; email and password go together",
    ),
    (
        "x: {type: smsgateway24, device_id: 7}",
        "gateways.x.token",
        "this key is missing; give it, or email and password",
    ),
    (
        "x: {type: smsgateway24, device_id: 7, token: t, send_method: login}",
        "gateways.x.send_method",
        "login needs email and password",
    ),
    (
        "x: {type: geniosms, api_key: k, extra_params: [geheim]}",
        "gateways.x.extra_params",
        "expected names of parameters with their values; what is given is a secret and not shown",
    ),
    (
        "x: {type: geniosms, api_key: k, parameters: {number: nr}}",
        "gateways.x.parameters.number",
        "this key is unknown.",
    ),
    (
        "x: {type: geniosms, api_key: k, extra_params: {token: !env NOT_SET}}",
        "gateways.x.extra_params.token",
        "the environment variable NOT_SET is not set",
    ),
    *(
        (
            f"x: {{type: {kind}}}",
            "gateways.x.type",
            f"this version does not have gateways of type {kind}; it has: {KINDS}",
        )
        for kind in (
            "android",
            "android_local",
            "smpp",
        )
    ),
]


def faults_of(folder: Path, text: str, **environment: str) -> list[tuple[int | None, str, str]]:
    path = folder / "sms-bridge.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path, environment)
    return [(problem.place.line, problem.key, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(("text", "faults"), FAULTS)
def test_a_fault_is_told_with_its_line_and_key(
    tmp_path: Path, text: str, faults: list[tuple[int, str, str]]
) -> None:
    assert sorted(faults_of(tmp_path, STICK + text)) == sorted(faults)


@pytest.mark.parametrize(("gateway", "key", "message"), GATEWAYS)
def test_a_fault_of_a_gateway_is_that_of_its_type(
    tmp_path: Path, gateway: str, key: str, message: str | None
) -> None:
    ((line, told_key, told),) = faults_of(tmp_path, f"gateways:\n  {gateway}")
    assert (line, told_key) == (2, key)
    assert message is None or told == message


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        "mqtt: {port: 0}\n"
        "gateways:\n"
        "  a: {type: modem}\n"
        "  b: {type: smpp}\n"
        "contacts: {eve: '12x'}\n"
        "routes: [{use: c}]\n"
        "lgo: {}\n"
    )
    assert [(line, key) for line, key, _ in faults_of(tmp_path, text)] == [
        (1, "mqtt.port"),
        (3, "gateways.a.port"),
        (4, "gateways.b.type"),
        (5, "contacts.eve"),
        (6, "routes[0].use"),
        (7, "lgo"),
    ]


def test_a_number_is_shown_redacted(tmp_path: Path) -> None:
    ((_, _, message),) = faults_of(tmp_path, STICK + "contacts: {eve: '+49170123456789012'}")
    assert "170123456789012" not in message
    assert "+49…012" in message


@pytest.mark.parametrize("text", ["", "# nothing\n", "instance: x", "gateways:", "gateways: {}"])
def test_at_least_one_gateway_is_needed(tmp_path: Path, text: str) -> None:
    assert [key for _, key, _ in faults_of(tmp_path, text)] == ["gateways"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("mqtt: {host: x\nport: 3", 2, "is not YAML: "),
        ("a: 1\n\tb: 2", 2, "is not YAML: "),
        ("- a\n- b", 1, "expected keys with values, such as 'instance: main'"),
        ("instance: \x07", 1, "is not YAML: it holds a character that YAML forbids"),
        ("instance: &a [*a]", 1, "an alias refers to what it is a part of"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    told_line, _, told = faults_of(tmp_path, text)[0]
    assert told_line == line
    assert told.startswith(message)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load(tmp_path / "none.yaml", {})
    (tmp_path / "latin1.yaml").write_bytes(b"instance: main\nx: \xe4\n")
    with pytest.raises(ConfigError, match=r"latin1\.yaml:2: is not UTF-8 text"):
        load(tmp_path / "latin1.yaml", {})


def test_a_variable_that_names_no_key_is_told_by_its_name(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, STICK, SMS_BRIDGE_MQTT__HOTS="x", SMS_BRIDGE_MQTT__ADMIN="health")
    assert faults == [
        (None, "mqtt.admin", "is no single value of the configuration."),
        (None, "mqtt.hots", "is no single value of the configuration. Did you mean host?"),
    ]


def test_a_wrong_value_in_a_variable_is_told_by_the_variable(tmp_path: Path) -> None:
    path = tmp_path / "sms-bridge.yaml"
    path.write_text(STICK)
    with pytest.raises(ConfigError) as caught:
        load(path, {"SMS_BRIDGE_MQTT__PORT": "x"})
    assert str(caught.value) == (
        'SMS_BRIDGE_MQTT__PORT: mqtt.port: expected a whole number from 1 to 65535, given "x"'
    )


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("port: hunter2\npin: hunter3\n")
    (tmp_path / "host").write_text("hunter4")
    text = (
        "mqtt: {port: !secret port, protocol: !env SECRET, keepalive: hunter6}\n"
        "store: {url_file: host}\n"
        "gateways:\n  stick: {type: modem, port: x, pin: !secret pin}\n"
    )
    told = str(faults_of(tmp_path, text, SECRET="hunter5"))
    assert "hunter6" in told
    assert not any(secret in told for secret in ("hunter2", "hunter3", "hunter4", "hunter5"))
