"""The web as tools see it: searched, and read from public addresses alone."""
