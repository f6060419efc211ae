"""SMS over MQTT: a bridge between MQTT and GSM modems."""

__version__ = "0.1.0"
