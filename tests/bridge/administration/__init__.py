"""Administration: every command of section 5, whatever brings it."""
