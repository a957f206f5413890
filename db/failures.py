"""Which database errors go away by asking again on another connection."""

import asyncpg

REPEATABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # a database closed for maintenance; a lock that was not to be had
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidCachedStatementError,
)


def is_vanished(error: BaseException) -> bool:
    """Whether a row that ours was to refer to was deleted after we had looked at it."""
    return isinstance(error, asyncpg.ForeignKeyViolationError)


def is_repeatable(error: BaseException) -> bool:
    """Whether PostgreSQL was away, busy or in our way, and the statement itself is fine.

    A value that does not fit its parameter is an InterfaceError and a ValueError. A connection that dies at the wrong
    moment shows up as asyncpg.InternalClientError or InterfaceError too.
    """
    return isinstance(error, REPEATABLE) and not isinstance(error, ValueError)
