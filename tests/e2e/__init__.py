"""The product as its users meet it: the real daemon, a real broker, a modem on a pseudo terminal, another MQTT client."""
