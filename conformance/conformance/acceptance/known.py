"""The checks that a target is known to fail, and why."""

_SCHEMAS = (
    "Pinterest sends `product_tags` of pins as objects, and ids and the status in analytics as texts, where the schema "
    "that existing connections have says string and number, and times of catalogs with an offset; the values are "
    "handed on as they are."
)

_EXIT_CODE_0 = "A TRACE ERROR says that the file is none, but the exit code is 0."
_NOT_TOLD = "The unknown stream is INCOMPLETE without a TRACE ERROR, and the exit code is 0."

KNOWN_FAILURES: dict[str, dict[str, str]] = {
    "source-pinterest": {
        "records match their schemas": _SCHEMAS,
    },
    "official": {
        "records match their schemas": _SCHEMAS,
        "state that is no json is refused": _EXIT_CODE_0,
        "catalog that is none is refused": _EXIT_CODE_0,
        "config that is an array is refused": _EXIT_CODE_0,
        "catalog with an unknown stream is refused": _NOT_TOLD,
        "every line keeps the rules": "The last STATE of each stream comes after its COMPLETE.",
    },
}
"""By target and check. A target that must pass fails these and no other."""
