"""What several checkers are built from, and what they compute with."""
