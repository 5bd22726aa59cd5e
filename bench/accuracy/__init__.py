"""How often Ponder is right for its money: strategies, samplers of others, programs, and what counts as an answer."""
