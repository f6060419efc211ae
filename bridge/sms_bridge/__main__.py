"""``python -m sms_bridge`` is ``sms-bridge``."""

import sys

from sms_bridge.cli import main

if __name__ == "__main__":
    sys.exit(main())
