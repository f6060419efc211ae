"""One account per provider and run: its tests send to numbers of their own and look at their own ids."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.providers.account import Account
from tests.e2e.providers.kits import KITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.providers.kits import Kit

_BY_NAME = {kit.name: kit for kit in KITS}


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Account[Any]]]:
    """The account of each provider by its name; made when it is first asked for."""
    running: dict[str, Account[Any]] = {}
    with ExitStack() as ends:

        def get(name: str) -> Account[Any]:
            if name not in running:
                kit = _BY_NAME[name]
                account: Account[Any] = Account(tmp_path_factory.mktemp(name), kit, kit.make())
                running[name] = ends.enter_context(account)
            return running[name]

        yield get


@pytest.fixture(params=list(_BY_NAME))
def shared(request: pytest.FixtureRequest, accounts: Callable[[str], Account[Any]]) -> Account[Any]:
    """The account of the provider that the parameter names."""
    return accounts(request.param)


@pytest.fixture
def account(shared: Account[Any]) -> Iterator[Account[Any]]:
    """The account, for a test that leaves no fault behind; the provider saw nothing that its document forbids."""
    yield shared
    shared.server.faults.clear()
    _was_good(shared)


@pytest.fixture
def fresh_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Account[Any]]]:
    """Makes accounts for one test, each with the arguments of Account but the folder; ends them."""
    accounts: list[Account[Any]] = []

    def make(kit: Kit, **arguments: Any) -> Account[Any]:  # noqa: ANN401 - Account's own
        folder = tmp_path_factory.mktemp(f"own-{kit.name}")
        made: Account[Any] = Account(folder, kit, arguments.pop("server", None) or kit.make(), **arguments)
        accounts.append(made.__enter__())
        return made

    yield make
    for made in accounts:
        made.__exit__(None, None, None)
    for made in accounts:
        _was_good(made)


def _was_good(account: Account[Any]) -> None:
    assert account.server.misuses == []
    assert account.faults_of_ours() == []
