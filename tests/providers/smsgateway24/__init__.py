"""Tests of SmsGateway24's client."""
