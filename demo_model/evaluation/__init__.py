"""How good the committed demo models are on problems that they were never trained on."""
