"""The account a service runs under: PostgreSQL refuses to be root."""

import os
import pwd
from dataclasses import dataclass

from bildwerk.sandbox.failure import SandboxError


@dataclass(frozen=True, slots=True)
class Account:
    """User and group ids of a process."""

    uid: int
    gid: int


def find_unprivileged_account() -> Account | None:
    """Return the account `nobody` when we are root, and None (stay as you are) otherwise.

    No account is ever created: that would outlive the stack.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise SandboxError("PostgreSQL does not run as root, and there is no user 'nobody': use another user") from None
    return Account(entry.pw_uid, entry.pw_gid)
