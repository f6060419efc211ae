"""Adapters from an engine room to the router's ``Link`` protocol."""
