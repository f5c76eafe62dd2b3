"""The root of all errors that a user can mend."""


class KefuError(Exception):
    """What the user can mend; the message is ``where: what is wrong: what to do``.

    Commands and stages catch this alone, print its one line and end with code 1. Anything else is a defect
    of Kefu and shows its traceback.
    """
