"""The demonstration: broker, simulated modem and the real bridge, each in a process of its own."""
