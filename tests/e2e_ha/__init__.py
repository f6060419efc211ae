"""The component as users have it: a real Home Assistant, a browser, a broker, the bridge, a simulated modem."""
