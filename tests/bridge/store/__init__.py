"""The store: its contract for every engine, and what is particular to SQLite."""
