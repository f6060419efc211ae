"""Links: engines as the router sees them."""
