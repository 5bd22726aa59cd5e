"""What the engine and its journal cost: calls per second, rows per second, a strategy's own time per step."""
