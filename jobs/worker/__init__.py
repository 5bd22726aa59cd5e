"""The worker: one process, one event loop, many jobs."""
