"""Whether every family's replies are read and paid for as they should be, and every fault costs what it costs."""
