"""Whether the spec tells a platform what a config is."""

from collections.abc import Iterator

import jsonschema_rs

from ..messages import Json
from .check import checks
from .observed import Observed
from .schemas import DRAFT_07, is_draft_07, objects_in

_SECRETS = frozenset(
    {
        "access_token",
        "api_key",
        "api_token",
        "client_secret",
        "client_token",
        "jwt",
        "password",
        "private_key",
        "refresh_token",
        "secret",
        "token",
    }
)


def spec_is_one_message(observed: Observed) -> None:
    """`spec` exits with 0 and writes exactly one SPEC."""
    run = observed.spec_run
    count = len(run.of_type("SPEC", "spec"))
    assert run.exit_code == 0, f"spec failed\n{run.told()}"
    assert count == 1, f"spec wrote {count} messages of type SPEC"


def spec_is_a_schema_of_an_object(observed: Observed) -> None:
    """The spec of the config is a valid draft-07 schema of an object with properties."""
    assert is_draft_07(observed.spec), f"not a valid draft-07 schema; it says {observed.spec.get('$schema')}"
    assert observed.spec.get("type") == "object", f"the config is of type {observed.spec.get('type')}"
    assert isinstance(observed.spec.get("properties"), dict), "the config has no properties"


def spec_has_no_references(observed: Observed) -> None:
    """The spec stands for itself: no `$ref`, which the form of a platform cannot follow."""
    references = [inner["$ref"] for inner in objects_in(observed.spec) if isinstance(inner.get("$ref"), str)]
    assert not references, f"the spec refers to {references}"


def config_matches_spec(observed: Observed) -> None:
    """The config that works is valid by the spec."""
    schema = {**observed.spec, "$schema": DRAFT_07}
    errors = list(jsonschema_rs.Draft7Validator(schema, validate_formats=True).iter_errors(observed.target.config))
    # Not the message: it shows values of the config.
    assert not errors, f"not valid: {'/'.join(map(str, errors[0].instance_path)) or 'the config'}"


def config_may_hold_more(observed: Observed) -> None:
    """A config with a key that the spec does not know is valid: older and newer versions leave some."""
    closed = [
        sorted(inner.get("properties", {}))
        for inner in objects_in(observed.spec)
        if inner.get("additionalProperties") is False
    ]
    assert not closed, f"additional properties are refused beside {closed[0]}"


def required_keys_are_properties(observed: Observed) -> None:
    """Every key that the spec requires is among its properties."""
    for inner in objects_in(observed.spec):
        if isinstance(inner.get("required"), list) and isinstance(inner.get("properties"), dict):
            missing = [name for name in inner["required"] if name not in inner["properties"]]
            assert not missing, f"required, and no property: {missing}"


def secrets_are_marked(observed: Observed) -> None:
    """Every property that is named as a secret, e.g. `refresh_token`, has `airbyte_secret`."""
    unmarked = sorted(
        name
        for name, schema in _properties(observed.spec)
        if name in _SECRETS and schema.get("type") in (None, "string") and schema.get("airbyte_secret") is not True
    )
    assert not unmarked, f"not marked: {unmarked}"


def choices_can_be_told_apart(observed: Observed) -> None:
    """The options of each `oneOf` are objects which share a property with a constant value."""
    for name, schema in _properties(observed.spec):
        options = schema.get("oneOf")
        if options:
            constants = [
                {key for key, inner in option.get("properties", {}).items() if "const" in inner} for option in options
            ]
            assert set.intersection(*constants), f"the options of {name} share no constant"


def _properties(schema: Json) -> Iterator[tuple[str, dict]]:
    for inner in objects_in(schema):
        properties = inner.get("properties")
        if isinstance(properties, dict):
            yield from ((name, value) for name, value in properties.items() if isinstance(value, dict))


CHECKS = checks(
    "spec",
    spec_is_one_message,
    spec_is_a_schema_of_an_object,
    spec_has_no_references,
    config_matches_spec,
    config_may_hold_more,
    required_keys_are_properties,
    secrets_are_marked,
    choices_can_be_told_apart,
)
