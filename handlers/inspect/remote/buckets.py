"""Pictures in S3 buckets: those buckets that are named, and no others."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import obstore.exceptions as errors
from obstore.store import S3Store

from handlers.failures import Invalid, Unavailable
from handlers.inspect.places import Place
from handlers.inspect.reasons import Reason
from handlers.inspect.remote.bodies import gather_body

RETRIES: Final = 2
CHUNK: Final = 65_536
MAX_KEY_BYTES: Final = 1024
"""S3's own limit."""
SCHEME: Final = "s3://"


@dataclass(frozen=True, slots=True)
class Account:
    """Where the buckets are, and as whom they are read: as anybody without `key_id` and `secret`."""

    endpoint: str | None = None
    region: str = "us-east-1"
    key_id: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Buckets by the name that references call them, each picture to be had in `seconds`."""

    buckets: Mapping[str, S3Store]
    seconds: float = 60.0

    @classmethod
    def of(cls, names: tuple[str, ...], account: Account, seconds: float = 60.0) -> "Buckets":
        """The buckets of these names in one account. Connects to nothing yet."""
        return cls({name: _connect(name, account, seconds) for name in names}, seconds)

    @property
    def stores(self) -> tuple[str, ...]:
        """One for each bucket."""
        return tuple(SCHEME + name for name in self.buckets)

    def locate(self, reference: str) -> Place:
        """Bucket and key of `s3://bucket/key`; the key is as it is, not encoded. Raises Invalid."""
        bucket, _, key = reference[len(SCHEME) :].partition("/")
        if bucket not in self.buckets:
            raise Invalid(Reason.BAD_REFERENCE, "BILDWERK_S3_BUCKETS does not name this bucket")
        if not key or "\0" in key or len(key.encode(errors="replace")) > MAX_KEY_BYTES:
            raise Invalid(Reason.BAD_REFERENCE, "not a key")
        return Place(SCHEME + bucket, key)

    async def fetch(self, place: Place, max_bytes: int) -> bytes:
        """The object's bytes. Raises Invalid for this object, Unavailable when the bucket is away.

        What is missing or denied is so only if the bucket itself can be listed: a key that nobody knows any more, or a
        bucket that is gone, must not fail its objects one by one.
        """
        try:
            async with asyncio.timeout(self.seconds):
                return await self._read(self._bucket(place.store), place.name, max_bytes)
        except (ValueError, errors.InvalidPathError) as error:
            raise Invalid(Reason.BAD_REFERENCE, _detail(error)) from error
        except (FileNotFoundError, errors.NotFoundError) as error:
            await self.check(place.store)
            raise Invalid(Reason.MISSING_FILE, _detail(error)) from error
        except (PermissionError, errors.PermissionDeniedError, errors.UnauthenticatedError) as error:
            await self.check(place.store)
            raise Invalid(Reason.PERMISSION_DENIED, _detail(error)) from error
        except (OSError, errors.BaseError) as error:
            raise Unavailable(Reason.STORE_UNAVAILABLE, _detail(error)) from error

    async def check(self, store: str) -> None:
        """Raise Unavailable unless the bucket can be listed."""
        try:
            async with asyncio.timeout(self.seconds):
                async for _ in self._bucket(store).list(chunk_size=1):
                    return
        except (OSError, errors.BaseError) as error:
            raise Unavailable(Reason.STORE_UNAVAILABLE, _detail(error)) from error

    def _bucket(self, store: str) -> S3Store:
        return self.buckets[store.removeprefix(SCHEME)]

    async def _read(self, bucket: S3Store, key: str, max_bytes: int) -> bytes:
        found = await bucket.get_async(key)
        return await gather_body(found.stream(min_chunk_size=CHUNK), found.meta["size"], max_bytes)


def _connect(name: str, account: Account, seconds: float) -> S3Store:
    keys = {
        "access_key_id": account.key_id, "secret_access_key": account.secret, "session_token": account.token,
        "endpoint": account.endpoint,
    }  # fmt: skip
    config: Any = {option: value for option, value in keys.items() if value is not None}
    config |= {"region": account.region, "skip_signature": account.key_id is None}
    return S3Store(
        name,
        config=config,
        client_options={
            "allow_http": (account.endpoint or "").startswith("http://"),
            "timeout": timedelta(seconds=seconds),
            "connect_timeout": timedelta(seconds=min(5.0, seconds)),
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=seconds)},
    )


def _detail(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
