"""Whether what Ponder says of its answers holds: confidence, quotes, and the assumptions that both rest on."""
