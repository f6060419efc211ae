"""Tests of the Home Assistant component; they run on Home Assistant's Python, with its own test kit."""
