"""Training of the demo models: examples, tokenizer, network, optimiser and export (`../reproduce.sh` runs it)."""
