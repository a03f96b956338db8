# SPDX-License-Identifier: Apache-2.0
"""The one exception a user may see: bad input, said in one line."""


class InputError(Exception):
    """Bad input: what is wrong, where, and what to do.

    Commands catch it, print ``error: <what> (<where>); <hint>`` as one line on stderr and exit with status 2.
    """

    def __init__(self, what: str, where: str, hint: str) -> None:
        super().__init__(f"{what} ({where}); {hint}")
        self.what, self.where, self.hint = what, where, hint
