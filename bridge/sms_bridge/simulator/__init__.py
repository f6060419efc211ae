"""Simulated hardware and networks: what the demonstration and the tests talk to.

The modem simulator speaks AT commands (V.250, 3GPP TS 27.005 and 27.007) on a pseudo terminal or
TCP port and submits to a simulated SMSC. Only the command line and the tests import this package.
"""
