"""The GSM modem engine: AT commands over any byte stream, knowing neither MQTT nor routing nor store."""
