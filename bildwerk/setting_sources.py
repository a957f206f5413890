"""Where the values of settings come from, and which goes first."""

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bildwerk.environment import FileVariants
from bildwerk.platform_entries import PlatformEntries


class FromEnvironment(BaseSettings):
    """Settings that are read from the environment, and from files that it names."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the platform's entries, variables, `<VARIABLE>_FILE`; no dotenv file is looked for."""
        return init_settings, PlatformEntries(settings_cls), env_settings, FileVariants(settings_cls)
