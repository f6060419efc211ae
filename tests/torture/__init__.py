"""Long proofs: hurt the real bridge at random moments, many times, and count what was lost or doubled."""
