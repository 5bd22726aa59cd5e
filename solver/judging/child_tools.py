"""What checkers may use in a child of the judge, which loads the libraries that this takes."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from solver.core.checker import SchemaError
from solver.judging.equivalence import Mathematics
from solver.judging.schema_errors import schema_errors
from solver.judging.unit_conversion import converted


class Tools(Mathematics):
    """The tools of a child: sympy's mathematics, pint's units, and JSON Schemas."""

    def converted(self, value: Fraction, given: str, wanted: str, /) -> Fraction | None:
        """Return what an amount of one unit is in another, None where a unit is unknown.

        Raises ValueError where the two measure different things.
        """
        return converted(value, given, wanted)

    def schema_errors(self, schema: Mapping[str, Any], value: Any, /, *, most: int) -> list[SchemaError]:
        """Return the first errors of a value. Raises ValueError for a schema that cannot be used."""
        return schema_errors(schema, value, most=most)
