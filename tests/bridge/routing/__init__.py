"""Routing: what the contract asks, from the command to the last event."""
