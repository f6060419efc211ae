"""What hassfest and the Marketplace (formerly HACS) check of the integration, as far as files alone can show it.

Their own programs need the network and run in the public workflow. Sources: hassfest's rules for custom integrations,
Home Assistant's developer documents, and the list of checks of the HACS action.
"""

from __future__ import annotations

import json
import re
import runpy
import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.repo.checkout import ROOT
from tests.repo.component import COMPONENT, english, fields_of, leaves, read_json, read_yaml, sections_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Keys of a manifest that hassfest allows a custom integration, and those that it or the Marketplace requires.
MANIFEST_KEYS = _words("""
    after_dependencies bluetooth codeowners config_flow dependencies dhcp disabled documentation domain homekit
    import_executor integration_type iot_class issue_tracker loggers mqtt name preview_features quality_scale
    requirements single_config_entry ssdp usb version zeroconf
""")
REQUIRED_MANIFEST_KEYS = _words("""
    codeowners documentation domain integration_type iot_class issue_tracker name version
""")
#: Keys of hacs.json; ``name`` is required.
HACS_KEYS = _words("""
    content_in_root country filename hacs hide_default_branch homeassistant name persistent_directory
    render_readme zip_release
""")
#: The Integration Quality Scale of November 2026, bronze to platinum.
QUALITY_RULES = _words("""
    action-exceptions action-setup appropriate-polling async-dependency brands common-modules
    config-entry-unloading config-flow config-flow-test-coverage dependency-transparency devices diagnostics
    discovery discovery-update-info docs-actions docs-conditions docs-configuration-parameters docs-data-update
    docs-examples docs-high-level-description docs-installation-instructions docs-installation-parameters
    docs-known-limitations docs-removal-instructions docs-supported-devices docs-supported-functions
    docs-triggers docs-troubleshooting docs-use-cases dynamic-devices entity-category entity-device-class
    entity-disabled-by-default entity-event-setup entity-translations entity-unavailable entity-unique-id
    exception-translations has-entity-name icon-translations inject-websession integration-owner
    log-when-unavailable parallel-updates reauthentication-flow reconfiguration-flow repair-issues runtime-data
    stale-devices strict-typing test-before-configure test-before-setup test-coverage unique-config-entry
""")
#: Home Assistant serves these and no others (its brands integration); height in pixels.
BRAND_IMAGES = {
    f"{prefix}{kind}{suffix}.png": height
    for prefix in ("", "dark_")
    for kind in ("icon", "logo")
    for suffix, height in (("", 256), ("@2x", 512))
}


class TestManifest:
    def test_its_keys_are_sorted_behind_domain_and_name(self) -> None:
        keys = list(read_json("manifest.json"))
        assert keys == ["domain", "name", *sorted(set(keys) - {"domain", "name"})]

    def test_it_has_every_key_that_is_required_and_none_that_is_unknown(self) -> None:
        keys = set(read_json("manifest.json"))
        assert keys >= REQUIRED_MANIFEST_KEYS
        assert keys <= MANIFEST_KEYS

    def test_it_describes_this_integration(self) -> None:
        manifest = read_json("manifest.json")
        assert manifest["domain"] == COMPONENT.name
        assert manifest["config_flow"] is True
        assert manifest["iot_class"] in {
            "assumed_state",
            "calculated",
            "cloud_polling",
            "cloud_push",
            "local_polling",
            "local_push",
        }
        assert manifest["integration_type"] in {"device", "hub", "service"}
        assert re.fullmatch(r"\d+\.\d+\.\d+(b\d+)?", manifest["version"])
        assert manifest["codeowners"]
        assert all(owner.startswith("@") for owner in manifest["codeowners"])
        for key in ("documentation", "issue_tracker"):
            assert manifest[key].startswith("https://")

    def test_it_listens_where_the_bridge_announces_itself(self) -> None:
        assert read_json("manifest.json")["mqtt"] == ["sms_gateway/discovery/+"]

    def test_nothing_is_required_that_home_assistant_would_have_to_install(self) -> None:
        assert read_json("manifest.json")["requirements"] == []


class TestMarketplace:
    def test_hacs_json_has_a_name_and_only_known_keys(self) -> None:
        content = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
        assert content["name"] == read_json("manifest.json")["name"]
        assert set(content) <= HACS_KEYS
        assert re.fullmatch(r"20\d\d\.\d+\.\d+", content["homeassistant"])

    def test_no_archive_is_asked_for_that_the_catalogue_could_not_fetch(self) -> None:
        content = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
        assert {"zip_release", "filename", "content_in_root"} & set(content) == set()

    def test_there_is_one_integration(self) -> None:
        assert [path.name for path in (ROOT / "custom_components").iterdir() if path.is_dir()] == [
            "sms_gateway"
        ]

    def test_there_is_a_licence_and_a_readme(self) -> None:
        assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
        assert (ROOT / "README.md").is_file()

    def test_the_public_workflow_runs_both_checkers(self) -> None:
        workflow = (ROOT / ".github" / "workflows" / "home-assistant.yml").read_text(encoding="utf-8")
        assert "home-assistant/actions/hassfest@" in workflow
        assert "hacs/action@" in workflow
        assert "category: integration" in workflow


def read_png(data: bytes) -> tuple[int, int, bytes]:
    """Return width, height and RGBA rows of an unfiltered PNG; check the sum of every chunk."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, {}
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length) == (zlib.crc32(kind + content),)
        chunks[kind] = content
        at += 12 + length
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])
    lines = zlib.decompress(chunks[b"IDAT"])
    step = width * 4 + 1
    return width, height, b"".join(lines[row * step + 1 : (row + 1) * step] for row in range(height))


@cache
def drawing() -> dict[str, Any]:
    """Return what the program defines that draws the images."""
    return runpy.run_path(str(ROOT / "script" / "lib" / "brand" / "draw.py"))


class TestBrand:
    def test_there_is_every_image_that_home_assistant_serves_and_no_other(self) -> None:
        assert {file.name for file in (COMPONENT / "brand").iterdir()} == set(BRAND_IMAGES)

    @pytest.mark.parametrize("name", BRAND_IMAGES)
    def test_an_image_has_its_size(self, name: str) -> None:
        width, height, _ = read_png((COMPONENT / "brand" / name).read_bytes())
        assert height == BRAND_IMAGES[name]
        assert width == height if "icon" in name else width > height

    def test_the_images_are_what_the_program_draws(self) -> None:
        layers, width, height = drawing()["pictures"]()["icon.png"]
        assert drawing()["pixels"](layers, width, height) == read_png(
            (COMPONENT / "brand" / "icon.png").read_bytes()
        )

    def test_the_program_knows_every_image(self) -> None:
        assert set(drawing()["pictures"]()) == set(BRAND_IMAGES)


class TestTranslations:
    @pytest.mark.parametrize("name", ["translations/en.json", "icons.json"])
    def test_keys_are_in_order(self, name: str) -> None:
        text = (COMPONENT / name).read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def test_a_custom_integration_has_no_strings_file_and_no_references(self) -> None:
        assert not (COMPONENT / "strings.json").exists()
        assert [path for path, text in leaves(english()) if "[%key" in text] == []

    def test_texts_hold_what_hassfest_allows(self) -> None:
        wrong = [
            path
            for path, text in leaves(english())
            if not text
            or text != text.strip()
            or re.search(r"https?://|</?\w+[^>]*>", text)
            or re.search(r"'\{\w+\}'", text)
        ]
        assert wrong == []

    def test_every_notice_tells_what_to_do(self) -> None:
        for issue in english()["issues"].values():
            assert set(issue) in ({"title", "description"}, {"title", "fix_flow"})

    def test_keys_are_slugs(self) -> None:
        def keys(tree: object) -> Iterator[str]:
            if isinstance(tree, dict):
                for key, value in tree.items():
                    yield key
                    yield from keys(value)

        assert [key for key in keys(english()) if not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", key)] == []


class TestActionsAndTriggers:
    @pytest.mark.parametrize(
        ("document", "category"), [("services.yaml", "services"), ("triggers.yaml", "triggers")]
    )
    def test_each_has_texts_and_an_icon(self, document: str, category: str) -> None:
        described = read_yaml(document)
        assert set(described) == set(english()[category]) == set(read_json("icons.json")[category])
        icon_key = category.removesuffix("s")
        for name in described:
            assert {"name", "description"} <= set(english()[category][name])
            assert read_json("icons.json")[category][name][icon_key].startswith("mdi:")

    @pytest.mark.parametrize(
        ("document", "category"), [("services.yaml", "services"), ("triggers.yaml", "triggers")]
    )
    def test_each_field_has_its_texts_and_no_other_has(self, document: str, category: str) -> None:
        for name, described in read_yaml(document).items():
            texts = english()[category][name]
            assert set(fields_of(described)) == set(texts.get("fields", {})), name
            assert sections_of(described) == set(texts.get("sections", {})), name
            assert all({"name", "description"} <= set(text) for text in texts.get("fields", {}).values())

    def test_each_choice_has_its_texts(self) -> None:
        for document in ("services.yaml", "triggers.yaml"):
            for described in read_yaml(document).values():
                for field in fields_of(described).values():
                    choice = ((field or {}).get("selector") or {}).get("select") or {}
                    if key := choice.get("translation_key"):
                        assert set(choice["options"]) == set(english()["selector"][key]["options"])


class TestIcons:
    def test_they_belong_to_entities_that_have_a_text(self) -> None:
        for platform, icons in read_json("icons.json")["entity"].items():
            # An entity without a name of its own is called like its device and needs no text.
            texts = set(english()["entity"].get(platform, {})) | {"contact"}
            assert set(icons) <= texts, platform

    def test_entities_without_a_device_class_have_one(self) -> None:
        for platform, texts in english()["entity"].items():
            assert set(texts) <= set(read_json("icons.json")["entity"].get(platform, {})), platform

    def test_each_is_one_of_material_design(self) -> None:
        wrong = [
            path
            for path, icon in leaves(read_json("icons.json"))
            if not re.fullmatch(r"mdi:[a-z0-9]+(-[a-z0-9]+)*", icon)
        ]
        assert wrong == []


class TestQualityScale:
    def test_every_rule_up_to_platinum_is_answered(self) -> None:
        assert set(read_yaml("quality_scale.yaml")["rules"]) == QUALITY_RULES

    def test_every_rule_is_done_or_exempt_for_a_reason(self) -> None:
        open_ = {
            rule: answer
            for rule, answer in read_yaml("quality_scale.yaml")["rules"].items()
            if answer != "done"
            and not (set(answer) == {"status", "comment"} and answer["status"] == "exempt")
        }
        assert open_ == {}
