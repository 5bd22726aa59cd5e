"""What may be wrong with a file."""


class FileError(Exception):
    """A file that is refused; the message says why, and what to do."""
