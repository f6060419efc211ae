"""Tests of the bridge, the shared room and the repository."""
