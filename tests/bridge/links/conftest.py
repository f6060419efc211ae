"""Fixtures of the links' tests: the router's own bench."""

from __future__ import annotations

from tests.bridge.routing.conftest import bench, make_bench

__all__ = ["bench", "make_bench"]
