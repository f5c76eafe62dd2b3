"""The root of all errors that a user can mend, and the two kinds that need no class of their own."""


class KefuError(Exception):
    """What the user can mend; the message is ``where: what is wrong: what to do``.

    Commands and stages catch this alone, print its one line and end with code 1. Anything else is a defect
    of Kefu and shows its traceback.
    """


class Unusable(KefuError, ValueError):
    """Data or settings that cannot be used; the message says what to do."""


class Missing(KefuError, FileNotFoundError):
    """A file that an earlier step writes is not there; the message names the step."""
