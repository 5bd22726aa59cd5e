"""What Ponder keeps its data in on one machine: PostgreSQL, Redis or its stand-in, and the state of the tables."""
