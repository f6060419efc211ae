"""Rules that hold for every file of the repository."""

from __future__ import annotations

import re

from tests.repo.checkout import ROOT, files

#: Hosts that hand out packages: where packages come from is the business of whoever installs them. Written in
#: halves, as everything below, so that this file passes its own test.
REGISTRIES = (
    ("py", "pi.org"),
    ("files.python", "hosted.org"),
    ("registry.npm", "js.org"),
    ("proxy.go", "lang.org"),
    ("static.crates", ".io"),
    ("deb.deb", "ian.org"),
)
#: Folders of single machines.
PLACES = (("/wo", "rk"), ("/ro", "ot"), ("/tmp/pl", "an"), ("/ho", r"me/\w+"), ("/Us", r"ers/\w+"))

FORBIDDEN = re.compile(
    "|".join(
        [
            *(re.escape("".join(host)) for host in REGISTRIES),
            *(rf"(?<![\w.}}*~-]){''.join(place)}(?=[/\s\"'`)]|$)" for place in PLACES),
            "extra-" + "index-url",
        ]
    ),
    re.MULTILINE,
)


def test_no_file_names_a_package_registry_or_a_folder_of_one_machine() -> None:
    found = []
    for file in files():
        text = file.read_bytes().decode("utf-8", errors="replace")
        found += [f"{file.relative_to(ROOT)}: {match.group()}" for match in FORBIDDEN.finditer(text)]
    assert found == []


def test_no_lock_file_carries_addresses() -> None:
    locks = {"uv.lock", "poetry.lock", "pdm.lock", "package-lock.json", "Pipfile.lock"}
    assert [str(file.relative_to(ROOT)) for file in files() if file.name in locks] == []


def test_no_file_is_taken_for_a_home_assistant_app() -> None:
    """The Supervisor reads every ``config.yaml`` of a repository as an app; only the app's own folder has one."""
    names = {"config.yaml", "config.yml", "config.json"}
    found = [file.relative_to(ROOT) for file in files() if file.name in names]
    assert [str(path) for path in found if path.parent.as_posix() != "bridge/app"] == []


def test_text_files_end_with_a_newline_and_no_line_with_a_blank() -> None:
    suffixes = {".py", ".md", ".toml", ".yml", ".yaml", ".sh", ".txt"}
    wrong = []
    for file in files():
        if file.suffix in suffixes or file.parent.name in {"script", ".ci"}:
            text = file.read_bytes().decode("utf-8")
            if text and (not text.endswith("\n") or re.search(r"[ \t\r]$", text, re.MULTILINE)):
                wrong.append(str(file.relative_to(ROOT)))
    assert wrong == []
