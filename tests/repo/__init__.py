"""Tests of the repository itself: packaging, pins, programs, documents."""
