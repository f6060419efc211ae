"""``sms-bridge simulate``: a modem without hardware."""

from sms_bridge.simulator.command import add_simulate_arguments as add_arguments
from sms_bridge.simulator.command import run_simulate as run

__all__ = ["add_arguments", "run"]
