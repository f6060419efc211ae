"""The durable memory: one protocol, one engine per file."""
