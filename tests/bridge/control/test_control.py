"""The control socket: who may connect, what a line is answered, what a dead bridge leaves behind."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from typing import TYPE_CHECKING, Any

import pytest

from sms_bridge.control import ControlError, ControlServer, call, control_folder
from sms_bridge.routing.requests import AdminCode, AdminError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path


class Administration:
    """Answers with what it was asked; ``fail`` fails."""

    async def execute(self, command: str, members: Mapping[str, object]) -> dict[str, object]:
        if command == "fail":
            raise AdminError(AdminCode.WRONG_EPOCH, "epoch: it is another one.", {"epoch": "e", "seq": 3})
        if command == "wait":
            await asyncio.Event().wait()
        return {"command": command, **members}


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    server = ControlServer(tmp_path, Administration())
    await server.start()
    yield tmp_path
    await server.stop()


async def ask(folder: Path, command: str, patience: float = 5.0, **members: object) -> dict[str, object]:
    return await asyncio.to_thread(call, folder, command, members, patience)


async def lines(folder: Path, *sent: bytes) -> list[dict[str, Any]]:
    reader, writer = await asyncio.open_unix_connection(folder / "control.sock")
    answers = []
    for line in sent:
        writer.write(line)
        answers.append(json.loads(await reader.readline()))
    writer.close()
    return answers


async def test_a_request_is_answered_with_its_data(folder: Path) -> None:
    assert await ask(folder, "echo", text="ä\n€", n=1) == {"command": "echo", "text": "ä\n€", "n": 1}


async def test_only_this_user_can_connect(folder: Path) -> None:
    mode = (folder / "control.sock").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_a_refusal_carries_code_sentence_and_data(folder: Path) -> None:
    with pytest.raises(AdminError) as caught:
        await ask(folder, "fail")
    assert (caught.value.code, caught.value.message) == (AdminCode.WRONG_EPOCH, "epoch: it is another one.")
    assert caught.value.data == {"epoch": "e", "seq": 3}


@pytest.mark.parametrize(
    "line", [b"\n", b"x\n", b"[]\n", b'{"command": 1, "data": {}}\n', b'{"command": "x"}\n', b"\xff\n"]
)
async def test_a_line_that_is_no_request_is_refused_and_the_next_is_answered(
    folder: Path, line: bytes
) -> None:
    refused, answered = await lines(folder, line, b'{"command": "echo", "data": {}}\n')
    assert refused["error"]["code"] == "invalid_payload"
    assert answered == {"status": "ok", "data": {"command": "echo"}}


async def test_a_client_that_leaves_in_the_middle_disturbs_nobody(folder: Path) -> None:
    _, writer = await asyncio.open_unix_connection(folder / "control.sock")
    writer.write(b'{"command": "ec')
    writer.close()
    assert await ask(folder, "echo") == {"command": "echo"}


async def test_a_slow_command_holds_up_nobody_else(folder: Path) -> None:
    _, writer = await asyncio.open_unix_connection(folder / "control.sock")
    writer.write(b'{"command": "wait", "data": {}}\n')
    assert await ask(folder, "echo") == {"command": "echo"}
    writer.close()


async def test_a_bridge_that_does_not_answer_is_told(folder: Path) -> None:
    with pytest.raises(ControlError, match="does not answer"):
        await ask(folder, "wait", patience=0.05)


async def test_no_bridge_is_told(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match=r"no bridge listens on .*control\.sock; is it running"):
        await ask(tmp_path, "echo")
    with pytest.raises(ControlError, match="no bridge listens"):
        await ask(tmp_path / "nowhere", "echo")


async def test_the_socket_of_a_dead_bridge_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "control.sock"))
    server = ControlServer(tmp_path, Administration())
    await server.start()
    assert await ask(tmp_path, "echo") == {"command": "echo"}
    await server.stop()
    assert not (tmp_path / "control.sock").exists()


async def test_the_socket_of_a_living_bridge_is_left_alone(folder: Path) -> None:
    second = ControlServer(folder, Administration())
    with pytest.raises(ControlError, match="give each store a folder of its own"):
        await second.start()
    await second.stop()
    assert await ask(folder, "echo") == {"command": "echo"}


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    server = ControlServer(tmp_path / "nowhere", Administration())
    with pytest.raises(ControlError, match="cannot listen on"):
        await server.start()


async def test_a_deep_folder_works_though_a_sockets_name_is_short(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    server = ControlServer(deep, Administration())
    await server.start()
    assert await ask(deep, "echo") == {"command": "echo"}
    await server.stop()


async def test_something_else_behind_the_socket_is_told(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'"hello"\n')
        writer.close()

    async with await asyncio.start_unix_server(serve, tmp_path / "control.sock"):
        with pytest.raises(ControlError, match="is no bridge of this version"):
            await ask(tmp_path, "echo")


def test_the_socket_lies_beside_the_store() -> None:
    assert str(control_folder("sqlite:////var/lib/sms-bridge/bridge.db")) == "/var/lib/sms-bridge"
