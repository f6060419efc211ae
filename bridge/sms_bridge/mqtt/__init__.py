"""The MQTT side: session, topics, payloads, publisher, administration."""
