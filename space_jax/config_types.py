"""Checks the fields of configurations by their annotations, strictly: nothing is converted."""

import dataclasses
import functools
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from space_jax.errors import UserError
from space_jax.printable import shown

_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a text",
}
"""pydantic's names of errors -> what would be right."""
_LIMIT = 2**31  # Counts and sizes are below it: JAX's whole numbers have 32 bits.


class Checked:
    """What every dataclass of a configuration inherits, so that a wrong value is refused when an object is made.

    A whole number may stand for a float, True is no number, every number is finite, and counts are below 2**31.

    Attributes:
      section: where the class's fields are in a whole configuration: "train", "recipe.pool"; "" for the top.
    """

    section = ""

    def __init_subclass__(cls, section: str | None = None, **others: Any) -> None:
        super().__init_subclass__(**others)
        if section is not None:
            cls.section = section

    def __post_init__(self) -> None:
        self._check_types()
        self._check_values()

    def _check_values(self) -> None:
        """Refuses values of the right types that make no sense."""

    def _check_types(self) -> None:
        from pydantic import ValidationError  # takes a moment that --help need not wait for

        kind: Any = type(self)
        try:
            _validator(kind).validate_python(vars(self))
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=True)
            name = str(problems[0]["loc"][0])
            of_field = [one for one in problems if one["loc"][0] == name]
            problem = _problem(of_field, getattr(self, name), typing.get_type_hints(kind)[name])
            raise UserError(f"config field {self._path(name)}: {problem}") from None
        for name, value in vars(self).items():
            if isinstance(value, int) and abs(value) >= _LIMIT and name != "seed":  # see `config.require_seed`
                raise UserError(f"config field {self._path(name)}: {shown(value)} is too large: the limit is {_LIMIT}")

    def _path(self, name: str) -> str:
        return f"{self.section}.{name}" if self.section else name


@functools.cache
def _validator(kind: Any) -> Any:
    """A validator, in Pydantic, of a mapping from the fields of a dataclass to their values."""
    from pydantic import ConfigDict, create_model

    hints = typing.get_type_hints(kind)
    fields: dict[str, Any] = {field.name: (hints[field.name], ...) for field in dataclasses.fields(kind)}
    strict = ConfigDict(strict=True, allow_inf_nan=False, protected_namespaces=())
    return create_model(kind.__name__, __config__=strict, **fields).__pydantic_validator__


def _problem(problems: Sequence[Mapping[str, Any]], value: Any, kind: Any) -> str:
    """What is wrong with the value of one field.

    Args:
      problems: pydantic's errors, one for each member of a union.
      value: of the field.
      kind: its annotation.
    """
    first = problems[0]
    if first["type"] == "dataclass_exact_type":
        classes = [one["ctx"]["class_name"] for one in problems]
        return f"{shown(value)} is {'no' if len(classes) == 1 else 'none of'} {', '.join(classes)}"
    if first["type"] in _EXPECTED:
        return f"{shown(first['input'])} is not {_EXPECTED[first['type']]}"
    if first["type"] == "tuple_type" and len(first["loc"]) == 1:
        right = tuple(value) if isinstance(value, list) else (value,)
        return f"{shown(value)} is not a tuple, such as {shown(right)}"
    return f"{shown(value)} is not of the form {kind}"
