"""Functions that each engine spells in its own words."""

from typing import Any, ClassVar

from sqlalchemy import Boolean
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class Spelled(FunctionElement[Any]):  # Any: of whichever type a subclass says
    """A function by its words on either engine, `{0}`, `{1}` … being its arguments.

    Without words for SQLite, both say the same.
    """

    on_postgresql: ClassVar[str]
    on_sqlite: ClassVar[str | None] = None

    def __init_subclass__(cls, **more: Any) -> None:  # Any: SQLAlchemy's own
        # The words belong to the class, and each class has a place of its own in the cache.
        cls.inherit_cache = True
        super().__init_subclass__(**more)


# Any: the compiler's own types.
@compiles(Spelled)
def _on_postgresql(element: Spelled, compiler: Any, **kw: Any) -> str:
    return _told(element.on_postgresql, element, compiler, kw)


@compiles(Spelled, "sqlite")
def _on_sqlite(element: Spelled, compiler: Any, **kw: Any) -> str:
    return _told(element.on_sqlite or element.on_postgresql, element, compiler, kw)


def _told(words: str, element: Spelled, compiler: Any, kw: dict[str, Any]) -> str:
    arguments = (compiler.process(each, **kw) for each in element.clauses)
    return words.format(*arguments)


class is_among(Spelled):  # noqa: N801 - reads as a function in queries
    """Whether an id is one of these, a single parameter of type `Ids`; NULL for no id."""

    type = Boolean()
    on_postgresql = "({0} = ANY (CAST({1} AS uuid[])))"
    on_sqlite = "({0} IN (SELECT value FROM json_each({1})))"
