"""`explain`, the query parameter of answers whose numbers can say where they come from."""

from typing import Annotated

from fastapi import Query

Explain = Annotated[bool, Query(description="With the numbers as trees of what they come from.")]
