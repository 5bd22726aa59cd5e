"""Errors that a person reads."""


class SubmitError(ValueError):
    """A job that cannot be submitted. `field` is the form's field at fault, or empty; `code` is for machines."""

    def __init__(self, message: str, *, field: str = "", code: str = "invalid") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code
