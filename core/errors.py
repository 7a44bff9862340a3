"""Every error a user may read, in one tree.

    AppError
    |- NotFoundError          a volume, slice, level, class, model or job that is not there
    |- InvalidInputError      a value that breaks a rule
    |  |- ParameterError      an algorithm parameter
    |  |- DescriptorError     an entry of the algorithm file
    |  |- LabelFileError      a file of labels that cannot be read, or does not fit
    |  `- NotEnoughLabelsError  labels that cannot train anything
    |- UnsupportedImageError  data that cannot be shown, and why
    `- UnavailableError       an outside system (Tiled, MLflow, disk) that does not answer
       `- BusyError           somebody else's write lasts longer than a page waits

Each carries a message (what happened, to what) and a hint (the way out). The web layer turns them into
``{"error", "hint", "request_id"}`` (`callbacks/http/errors.py`), the command lines into one sentence and exit code 2.
"""


class AppError(Exception):
    """What went wrong in words for the person at the screen, and the way out."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class NotFoundError(AppError):
    """The thing named does not exist (any more)."""


class InvalidInputError(AppError):
    """A value breaks a rule; the message names both."""


def require(fits: bool, message: str, hint: str) -> None:
    """Raise InvalidInputError unless a value fits."""
    if not fits:
        raise InvalidInputError(message, hint)


class ParameterError(InvalidInputError):
    """An algorithm parameter is unknown, of the wrong type or out of range."""


class DescriptorError(InvalidInputError):
    """The algorithm file breaks its schema; the message names the key and the line."""


class LabelFileError(InvalidInputError):
    """A file of labels cannot be read or written, or does not fit the volume."""


class NotEnoughLabelsError(InvalidInputError):
    """There is nothing to learn from: no labelled pixel, or one class only."""


class UnsupportedImageError(AppError):
    """The data exist but cannot be shown; the message says why in one sentence."""


class UnavailableError(AppError):
    """An outside system does not answer; the hint says how to bring it back."""


class BusyError(UnavailableError):
    """Somebody else's write lasts longer than a page waits; who has time may ask again."""
