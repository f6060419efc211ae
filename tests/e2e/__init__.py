"""The product as its users meet it: the real daemon, a real broker, a simulated modem, another MQTT client."""
