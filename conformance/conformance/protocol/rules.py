"""The names of the rules, and which of them a connector is known to break."""

from dataclasses import dataclass

RULES = {
    "json": "Every line of stdout is one JSON object in UTF-8, no key twice; no other text, no CR, no empty line.",
    "message": "Every line is a message of the protocol, with the body that belongs to its type and no other.",
    "record-stream": "Every record is of a stream of the configured catalog.",
    "record-schema": "Every record is valid by its stream's schema in the configured catalog.",
    "sent-type": "No record has a value whose type Pinterest itself sends otherwise than the published schema says.",
    "record-format": "A value is the date or the time that its stream's schema says, with an offset or without.",
    "sent-format": "No record has a time that Pinterest itself sends otherwise than the published schema says.",
    "emitted-at": "`emitted_at` of every RECORD and TRACE is the moment it is written at, in milliseconds.",
    "error-message": "Every TRACE ERROR has a message that is not blank.",
    "state-stream": "Every STATE is that of streams of the configured catalog, and has content.",
    "state-count": "A STATE counts the records of its stream since the STATE before it, if any STATE counts.",
    "state-last": "After the last record of a stream that is COMPLETE comes a STATE.",
    "status-stream": "Every status is that of a stream of the configured catalog.",
    "status-started": "STARTED is the first that is said of a stream, once.",
    "status-running": "RUNNING is said of a stream before its first record.",
    "status-end": "Exactly one COMPLETE or INCOMPLETE is said of each stream, unless no stream was begun.",
    "record-after-end": "No record of a stream comes after its COMPLETE or INCOMPLETE.",
    "status-after-end": "No status of a stream comes after its COMPLETE or INCOMPLETE.",
    "state-after-end": "No STATE of a stream comes after its COMPLETE or INCOMPLETE.",
    "incomplete-error": "A stream is INCOMPLETE only with a TRACE ERROR that names it, or names none and comes before.",
    "answer": "check, discover and spec answer with exactly one message of their kind when they exit with 0.",
    "exit-code": "read exits with 0 exactly when all streams are COMPLETE.",
    "exit-error": "A run that does not exit with 0 says why in a TRACE ERROR.",
    "secret": "No secret of the config, nor one that the run got, is on stdout or stderr but in a CONTROL's config.",
}
"""Each rule by its name."""

RULES_OF_THE_END = frozenset({"state-last", "status-end", "incomplete-error", "answer", "exit-code", "exit-error"})
"""The rules that only a run which came to its own end can keep."""

SCHEMA_RULES = frozenset({"record-schema", "sent-type", "record-format", "sent-format"})
"""The rules about the content of records."""

_IDS_AND_STATUS = frozenset({"ADVERTISER_ID", "CAMPAIGN_ID", "CAMPAIGN_ENTITY_STATUS", "PIN_ID", "PIN_PROMOTION_ID"})

SENT_OTHERWISE: dict[str, frozenset[str]] = {
    "board_pins": frozenset({"product_tags"}),
    "board_section_pins": frozenset({"product_tags"}),
    "ad_account_analytics": _IDS_AND_STATUS,
    "campaign_analytics": _IDS_AND_STATUS,
    "ad_group_analytics": _IDS_AND_STATUS,
    "ad_analytics": _IDS_AND_STATUS,
}
"""The fields that Pinterest sends in another type than the schema says that existing connections have, by stream: texts
where it says number, objects where it says string. Both connectors hand them on as they are."""

_TIMES = frozenset({"created_at", "updated_at"})

TIMES_SENT_OTHERWISE: dict[str, frozenset[str]] = {"catalogs": _TIMES, "catalogs_feeds": _TIMES}
"""The fields that Pinterest sends with an offset where the schema says that they have none, by stream. Both connectors
hand them on as they are."""

ALWAYS_COUNT = frozenset({"ours", "bookshop"})
"""The connectors that count the records of every STATE; the protocol leaves it to each."""

KNOWN_VIOLATIONS: dict[str, frozenset[str]] = {
    "ours": frozenset(
        {
            "sent-type",  # The schema is the one that existing connections have, and values are handed on as they are.
            "sent-format",  # The same.
        }
    ),
    "official 2.1.12": frozenset(
        {
            "sent-type",  # The same.
            "sent-format",  # The same.
            "state-after-end",  # The last STATE of each stream is written after its COMPLETE.
        }
    ),
    "official 1.3.3": frozenset(
        {
            "sent-type",  # The same.
            "sent-format",  # The same.
            "json",  # Some streams print a line that is meant for whoever debugs them.
        }
    ),
}
"""The rules that a connector breaks, by its name. Breaking any other one is a failure."""


@dataclass(frozen=True)
class Violation:
    """A rule that a run does not keep, and where."""

    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"
