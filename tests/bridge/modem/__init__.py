"""The modem engine against scripted modems."""
