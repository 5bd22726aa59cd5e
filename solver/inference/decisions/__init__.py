"""What to buy next, and when to stop."""
