"""Where pictures may be: the settings of media roots and of stores elsewhere."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from bildwerk.setting_types import Seconds
from handlers.inspect.places import ROOT_NAME, SCHEMES


def _pairs(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if any(not (name.strip() and path.strip()) for name, _, path in pairs):
        raise ValueError("must be name=folder, comma-separated")
    return {name.strip(): path.strip() for name, _, path in pairs}


def _root_names(value: Mapping[str, Path]) -> Mapping[str, Path]:
    for name in value:
        if name in SCHEMES or not ROOT_NAME.fullmatch(name):
            raise ValueError("a name is up to 32 of a-z, 0-9, - and _, begins with a letter, and is no scheme of URLs")
    return value


def _words(value: object) -> object:
    return tuple(part.strip().lower() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
    except ValueError:
        raise ValueError("must be networks such as 10.1.0.0/16, with no bits behind the prefix, or addresses") from None


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")) or "@" in value:
        raise ValueError("must look like https://host:port, without credentials")
    return value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Roots = Annotated[Mapping[str, Path], AfterValidator(_root_names), BeforeValidator(_pairs)]
FileName = Annotated[str, Field(pattern=r"^[^/\x00]*[^/.\x00][^/\x00]*$", max_length=255)]


class ReferenceSettings(BaseSettings):
    """What `media.path` may lead to."""

    media_root: Path = Field(Path("media"), description="Folder that the paths in `media.path` are relative to.")
    media_roots: Roots = Field(
        {}, description="More such folders by name, `photos=/mnt/photos,scans=/mnt/scans`, for `photos:2024/a.jpg`."
    )
    media_root_sentinel: FileName | None = Field(
        None, description="File at the top of every media root; a root without it is away: its mount is missing."
    )
    s3_buckets: Words = Field(
        (), description="Buckets that `s3://bucket/key` may lead to, comma-separated; unset: none."
    )
    s3_endpoint: HttpUrl | None = Field(
        None, description="Address of the object store, `https://minio:9000`; unset: that of AWS."
    )
    s3_region: str = Field("us-east-1", min_length=1, description="Its region.")
    s3_access_key_id: SecretStr | None = Field(
        None, description="As whom the buckets are read and listed; unset: as anybody."
    )
    s3_secret_access_key: SecretStr | None = Field(
        None, validate_default=True, description="The secret that goes with it."
    )
    s3_session_token: SecretStr | None = Field(None, description="The token that goes with a temporary one.")
    http_references: Words = Field(
        (),
        description="Hosts that `http(s):` references may lead to, comma-separated, each with a port other than 80 and "
        "443: `example.org,cdn:8443`; `*`: every public one; unset: none.",
    )
    http_allowed_networks: Networks = Field(
        (), description="Addresses that these may be at though they are not public: `10.1.0.0/16,192.168.7.7`."
    )
    reference_seconds: Seconds = Field(
        60.0, description="Longest fetching of one picture from a bucket or web server, redirects included."
    )

    @field_validator("s3_secret_access_key")
    @classmethod
    def _goes_with_its_id(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (value is None) is not (info.data.get("s3_access_key_id") is None):
            raise ValueError("goes together with BILDWERK_S3_ACCESS_KEY_ID: set both, or none")
        return value
