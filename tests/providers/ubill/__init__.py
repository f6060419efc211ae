"""Tests of uBill's client."""
