"""SQL compiled once for all the databases of a test run.

An engine keeps what it compiled, and so does the service, which has one engine for years. Nearly
every test has engines of its own, and compiling would be a quarter of what the test costs.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event


class _Compiled(dict[Any, Any]):
    """SQLAlchemy's keys name the engine's own dialect object first; its kind and version do."""

    def get(self, key: tuple[Any, ...], default: object = None) -> Any:
        return super().get(_of_any_engine(key), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: object) -> None:
        super().__setitem__(_of_any_engine(key), compiled)


def _of_any_engine(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *statement = key
    return (type(dialect), dialect.server_version_info, *statement)


def share_compiled_statements() -> None:
    """From now on, every connection of this process knows what any of them compiled."""
    compiled = _Compiled()

    def share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=compiled)

    event.listen(Engine, "engine_connect", share)
