"""Every provider from end to end: MQTT in, HTTP to a simulated provider and back, MQTT out."""
