"""Validates JSON by a JSON Schema; only called in the judge's children: a schema may hold patterns that take for ever."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import jsonschema
import referencing

from solver.core.checker import SchemaError


def schema_errors(schema: Mapping[str, Any], value: Any, *, most: int) -> list[SchemaError]:
    """Return the first errors of a value. Raises ValueError for a schema that cannot be used. Nothing is fetched."""
    validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        validator.check_schema(schema)
        found = validator(schema, registry=referencing.Registry()).iter_errors(value)
        return [SchemaError(tuple(each.absolute_path), each.message) for each in islice(found, most)]
    except (jsonschema.SchemaError, referencing.exceptions.Unresolvable) as fault:
        raise ValueError(str(fault)) from fault
    except RecursionError as fault:
        raise ValueError("it refers to itself without end, or the answer is nested too deeply") from fault
