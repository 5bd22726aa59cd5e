"""What runs inside `auto` alone, and what it decides by."""
