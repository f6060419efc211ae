"""The long proofs with small numbers, and the proof that they can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.torture import fuzz
from tests.torture.bridge import Mutant
from tests.torture.modem import Plan, Run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("on_unknown", ["resend", "hold"])
def test_kills_of_the_bridge_lose_nothing_and_double_nothing_in_silence(
    tmp_path: Path, on_unknown: str
) -> None:
    result = Run(Plan(rounds=8, seed=1, on_unknown=on_unknown), tmp_path).go()

    assert result.outbound.acknowledged > 0
    assert result.is_clean(), result
    if on_unknown == "hold":
        assert result.outbound.doubled == ()


def test_kills_of_the_broker_lose_nothing_that_the_bridge_acknowledged(tmp_path: Path) -> None:
    result = Run(Plan(rounds=4, seed=1, kill_broker=True), tmp_path).go()

    assert result.outbound.acknowledged > 0
    assert result.is_clean(), result


def test_an_acknowledgement_before_the_commit_is_found_out(tmp_path: Path) -> None:
    plan = Plan(
        rounds=3, seed=1, mutant=Mutant.PUBACK_BEFORE_COMMIT, only="accept:before", unplug=False, patience=8
    )

    assert Run(plan, tmp_path).go().outbound.lost


def test_a_deletion_from_the_modem_before_the_commit_is_found_out(tmp_path: Path) -> None:
    plan = Plan(
        rounds=3, seed=1, mutant=Mutant.DELETE_BEFORE_COMMIT, only="received:before", unplug=False, patience=8
    )

    assert Run(plan, tmp_path).go().inbound.lost


def test_random_input_raises_nothing_and_piles_nothing_up() -> None:
    result = fuzz.run(20_000, seed=1)

    assert result.growth_mib <= fuzz.ALLOWED_GROWTH
