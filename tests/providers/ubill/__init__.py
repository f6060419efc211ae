"""uBill's client."""
