"""What is wrong with the database, in words for the person who runs it; nothing of its data is quoted."""

from typing import Final

import asyncpg

from contracts.tls import Knobs, explain_tls

KNOBS: Final = Knobs(
    authority="sslrootcert in DATABASE_URL",
    server="DATABASE_URL",
    certificate="sslcert and sslkey in DATABASE_URL",
    use="sslmode and the files in DATABASE_URL",
)
NO_TLS: Final = "has no TLS: check sslmode in DATABASE_URL, or switch TLS on there"
NO_FILE: Final = "does not answer at its socket, or sslrootcert, sslcert or sslkey in DATABASE_URL names a file that {}"
SENTENCES: dict[type[Exception], str] = {
    asyncpg.InvalidPasswordError: "refuses the password: check the user and password in DATABASE_URL",
    asyncpg.InvalidAuthorizationSpecificationError: "refuses the user, or wants TLS or another certificate of ours: "
    "check the user and sslmode in DATABASE_URL, and pg_hba.conf",
    asyncpg.InvalidCatalogNameError: "has no database of that name: create it, or check DATABASE_URL",
    asyncpg.TooManyConnectionsError: "has no connection left: raise max_connections, or lower BILDWERK_POOL_SIZE",
    asyncpg.CannotConnectNowError: "is starting or stopping: try again in a moment",
    asyncpg.InsufficientPrivilegeError: "does not let this role do that: `bildwerk migrate --service ROLE` opens "
    "our schema to it, and `bildwerk doctor` names what it lacks in the platform's",
    asyncpg.UndefinedTableError: "lacks a table: run `bildwerk migrate`",
    asyncpg.UndefinedColumnError: "lacks a column: run `bildwerk migrate`",
    asyncpg.DiskFullError: "has no space left on its disk",
    asyncpg.ReadOnlySQLTransactionError: "is read-only, perhaps a standby: point DATABASE_URL at the primary",
    asyncpg.PostgresConnectionError: "closed the connection: is it restarting, or is our certificate refused?",
    asyncpg.ClientConfigurationError: "cannot be connected to like that: check the options in DATABASE_URL",
    asyncpg.PostgresError: "reports an error",
    asyncpg.InternalClientError: "closed the connection in the middle of something: is it restarting?",
    asyncpg.InterfaceError: "closed the connection: is it restarting, or is our certificate refused?",
    FileNotFoundError: NO_FILE.format("is not there"),
    PermissionError: NO_FILE.format("may not be read"),
    OSError: "does not answer: is it running, and is the address in DATABASE_URL right?",
    TimeoutError: "does not answer in time: is it running, and is the address in DATABASE_URL right?",
}


def explain(error: BaseException) -> str | None:
    """The rest of a sentence that begins with the server's name; None for an error that is not a database's."""
    if sentence := explain_tls(error, KNOBS):
        return sentence
    if type(error) is ConnectionError:  # asyncpg's own, when the server declines; those of sockets are subclasses
        return NO_TLS
    for kind in type(error).__mro__:
        if sentence := SENTENCES.get(kind):
            code = getattr(error, "sqlstate", None)
            return f"{sentence} ({type(error).__name__} {code})" if kind is asyncpg.PostgresError else sentence
    return None
