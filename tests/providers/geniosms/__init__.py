"""Tests of GenioSms' client."""
