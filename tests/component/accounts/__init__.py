"""Provider accounts in Home Assistant."""
