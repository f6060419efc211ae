"""Tests of SMSgic's client."""
