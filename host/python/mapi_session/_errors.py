"""Failures: what went wrong, where it comes from and what a person can do."""

from __future__ import annotations

from uuid import UUID

NOT_FOUND = 0x8004010F
NOT_ENOUGH_MEMORY = 0x8007000E


class MapiError(Exception):
    """A call that failed.

    ``str()`` of it is a sentence a person can act on, with the provider at fault and the code.
    """

    def __init__(
        self,
        sentence: str,
        *,
        code: str,
        number: int,
        origin: str = "session",
        provider: UUID | None = None,
        tag: int | None = None,
        argument: str | None = None,
        retry: bool = False,
        low_level: int = 0,
    ) -> None:
        named = "" if origin == "session" else f"{origin}: "
        super().__init__(f"{named}{sentence} ({code})")
        self.sentence = sentence
        #: The name of the code, such as ``MAPI_E_NOT_FOUND``.
        self.code = code
        #: Its 32 bits.
        self.number = number
        #: ``session``, or the display name of the provider at fault.
        self.origin = origin
        #: The MAPIUID of that provider.
        self.provider = provider
        #: The tag of the property at fault.
        self.tag = tag
        #: The name of the argument at fault.
        self.argument = argument
        #: Whether the same call may succeed later.
        self.retry = retry
        #: The native error number of the cause, 0 if there is none.
        self.low_level = low_level


class MapiWarning(UserWarning):
    """A call that succeeded with a warning (``MAPI_W_*``)."""
