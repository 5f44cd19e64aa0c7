"""What `space-jax bench` and `space-jax compile` report: a JSON value that is shown as a table."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.table import Table


class Report(dict[str, Any]):
    """A JSON object that a notebook and `rich.print` show as a table."""

    def __init__(self, measured: Mapping[str, Any], table_of: Callable[[Mapping[str, Any]], Table]) -> None:
        super().__init__(measured)
        self._table_of = table_of

    def __rich__(self) -> Table:
        return self._table_of(self)

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> dict[str, str]:
        return self._table_of(self)._repr_mimebundle_(*args, **kwargs)
