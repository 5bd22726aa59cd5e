"""How an installation behaves: many jobs, large books, workers that stop, die and take over."""
