"""Errors that rules report about other people's input; mapping them to status codes is the server's work.

Each has a stable `code` for programs and a `message` in a sentence for people.
"""


class RuleError(Exception):
    """Something that an author, a backend or a customer sent breaks a rule.

    `details` are what a step's error says beside its code and message (`steps.<id>.error`).
    """

    def __init__(self, code: str, message: str, **details: object) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.details = details

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


class ExpressionError(RuleError):
    """An expression is refused when it is compiled; `offset` counts characters into its source."""

    def __init__(self, code: str, message: str, offset: int | None = None) -> None:
        super().__init__(code, message)
        self.args = (code, message, offset)
        self.offset = offset


class EvaluationError(RuleError):
    """A compiled expression could not give a value; the message names what it read.

    `offset` counts characters into the source of the expression, where that is known.
    """

    def __init__(self, code: str, message: str, offset: int | None = None) -> None:
        super().__init__(code, message)
        self.args = (code, message, offset)
        self.offset = offset
