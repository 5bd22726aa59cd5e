"""Errors that a person reads."""


class SubmitError(ValueError):
    """A job that cannot be submitted. `field` is the form's field at fault, or empty; `code` is for machines."""

    def __init__(self, message: str, *, field: str = "", code: str = "invalid") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code


class CannotContinue(ValueError):
    """A job begun by another release, of which this release cannot read a part. The message is for its user."""

    def __init__(self, what: str, *, engine: int) -> None:
        super().__init__(
            f"This job was started by another release of Ponder (engine {engine}), and the release that runs now does "
            f"not know {what}. It was ended with the best answer it had, and the rest of its budget was returned. "
            "Run it again with changes to go on."
        )
