"""What the ledger does: how many holds and settlements, and whether a budget holds under crashes."""
