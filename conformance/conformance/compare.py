"""Two runs side by side: what is equal, and the first of what is not.

Compared strictly, but for what the two write differently and mean the same by:

- a number is its value: 12 is 12.0, and neither is "12" or true,
- a top-level field of a record, or of the config to keep, that is null is absent (the official connector drops it),
- in a state: the order of partitions and keys; the value of `lookback_window`, which is how long a sync took; an empty
  `parent_state`, which says nothing; and the keys that this connector adds for itself, which the official one leaves
  aside,
- in the config to keep: the moment at which the token ends, up to the minutes between the two runs,
- in a schema: what is said to people (`ANNOTATIONS`), and what ours knows beside what the official one knows.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .messages import Json, Run, Status

OWN_STATE_KEYS = {"kept", "closed", "settled", "settled_from", "state_is_for_all"}
LONGEST_LOOKBACK = 3600
"""Seconds that no sync of the suite takes: more in a `lookback_window` is no time that a sync took."""
LONGEST_BETWEEN = timedelta(minutes=10)
"""How far apart two runs side by side may get their tokens."""
ANNOTATIONS = frozenset({"title", "description", "examples", "order", "pattern_descriptor"})
"""The keywords of a schema that are said to people. The same words may be names of fields."""
OF_NAMES = frozenset({"properties", "patternProperties", "definitions", "$defs"})
"""The keywords of a schema whose keys are names, and no keywords."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not the same. `aspect` says of what, e.g. `records/campaigns`."""

    aspect: str
    text: str


def canonical(value: Json) -> Json:
    """The value with each number in one form. A float of a whole number becomes that number, digit by digit."""
    match value:
        case bool() | None | str() | int():
            return value
        case float():
            return int(value) if value.is_integer() else value
        case list():
            return [canonical(item) for item in value]
        case dict():
            return {name: canonical(item) for name, item in value.items()}
    raise TypeError(type(value))


def as_text(value: Json) -> str:
    return json.dumps(canonical(value), sort_keys=True, ensure_ascii=False)


def record_text(record: dict) -> str:
    return as_text({name: value for name, value in record.items() if value is not None})


def record_findings(
    stream: str, ours: list[dict], theirs: list[dict], names=("ours", "official"), *, exact: bool = False
) -> Iterator[Finding]:
    """What is not the same in the records of a stream, taken as a multiset: at most one finding. Exactly: with their
    nulls."""
    text_of = as_text if exact else record_text
    here, there = Counter(map(text_of, ours)), Counter(map(text_of, theirs))
    if here == there:
        return
    only_here, only_there = list((here - there).elements()), list((there - here).elements())
    text = f"{stream}: {len(ours)} records of {names[0]}, {len(theirs)} of {names[1]}; "
    text += f"{len(only_here)} only in {names[0]}, {len(only_there)} only in {names[1]}. First difference: "
    if only_here and only_there:
        other = min(only_there, key=lambda other: _distance(only_here[0], other))
        path, mine, other_value = next(differences(json.loads(only_here[0]), json.loads(other)))
        text += f"{path or 'the record'} is {_short(mine)} in {names[0]}, {_short(other_value)} in {names[1]}, in "
        text += _short(json.loads(only_here[0]), 500)
    elif only_here:
        text += _only(names[0], only_here[0], here[only_here[0]], there[only_here[0]])
    else:
        text += _only(names[1], only_there[0], there[only_there[0]], here[only_there[0]])
    yield Finding(f"records/{stream}", text)


def _only(where: str, record: str, times: int, other_times: int) -> str:
    return f"{times} times in {where} and {other_times} times in the other: {record[:500]}"


def _distance(one: str, other: str) -> int:
    one, other = json.loads(one), json.loads(other)
    return sum(one.get(name) != other.get(name) for name in one.keys() | other.keys())


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()


def differences(one: Json, other: Json, path: str = "") -> Iterator[tuple[str, Json, Json]]:
    """Each place where two values are not the same, in order: its path and both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in [*one, *(name for name in other if name not in one)]:
            inner = f"{path}.{name}" if path else name
            yield from differences(one.get(name, ABSENT), other.get(name, ABSENT), inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (item, other_item) in enumerate(zip(one, other, strict=True)):
            yield from differences(item, other_item, f"{path}[{index}]")
    elif isinstance(one, _Absent) or isinstance(other, _Absent):
        if one is not other:
            yield path, one, other
    elif as_text(one) != as_text(other):
        yield path, one, other


def _short(value: Json, limit: int = 200) -> str:
    if isinstance(value, _Absent):
        return "absent"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[:limit] + "…"


def comparable_state(state: Json) -> Json:
    """A state in a form in which equal states are equal: its entries by their partition."""
    if not isinstance(state, dict):
        return state
    rest = {name: value for name, value in state.items() if name not in {*OWN_STATE_KEYS, "states", "lookback_window"}}
    if rest.get("parent_state") == {}:
        del rest["parent_state"]
    if "states" in state:
        rest["states"] = {as_text(entry["partition"]): entry["cursor"] for entry in state["states"]}
    return rest


def state_findings(stream: str, ours: Json, theirs: Json) -> Iterator[Finding]:
    for path, mine, other in differences(comparable_state(ours), comparable_state(theirs)):
        yield Finding(f"state/{stream}", f"{stream}: {path} is {_short(mine)} in ours, {_short(other)} in official")
        return
    if isinstance(theirs, dict) and "lookback_window" in theirs:
        seconds = ours.get("lookback_window", ABSENT)
        if type(seconds) is not int or not 0 <= seconds <= LONGEST_LOOKBACK:
            text = f"{stream}: lookback_window is {_short(seconds)} in ours, which is no time that a sync took"
            yield Finding(f"state/{stream}", text)


def status_texts(statuses: list[Status]) -> list[str]:
    """The statuses in order, without repetitions: how often a wait is reported is no difference."""
    texts = ["/".join([status.status, *status.reasons]) for status in statuses]
    return [text for index, text in enumerate(texts) if index == 0 or texts[index - 1] != text]


def run_findings(ours: Run, official: Run) -> Iterator[Finding]:
    """Everything that is not the same in two runs of a command. Records come before what follows from them."""
    if ours.command == "spec":
        yield from spec_findings(ours.spec, official.spec)
    if ours.command == "discover":
        yield from catalog_findings(ours.streams, official.streams)
    if ours.command == "check":
        status, other = (run.connection and run.connection.get("status") for run in (ours, official))
        if status != other:
            yield Finding("connection", f"check says {status} in ours, {other} in official")
    if ours.command == "read":
        chosen = [stream["stream"]["name"] for stream in ours.catalog["streams"]]
        for stream in chosen:
            yield from record_findings(stream, ours.records.get(stream, []), official.records.get(stream, []))
        for stream in chosen:
            mine, other = (run.final_states.get(stream, ABSENT) for run in (ours, official))
            yield from state_findings(stream, mine, other)
        for stream in chosen:
            mine, other = (status_texts(run.statuses.get(stream, [])) for run in (ours, official))
            if mine != other:
                yield Finding(f"statuses/{stream}", f"{stream}: {mine} in ours, {other} in official")
        for stream in chosen:
            mine, other = (
                sorted({str(failure.failure_type) for failure in run.failures if failure.stream == stream})
                for run in (ours, official)
            )
            if mine != other:
                yield Finding(f"failures/{stream}", f"{stream}: failures {mine} in ours, {other} in official")
    yield from config_findings(ours, official)
    if ours.exit_code != official.exit_code:
        yield Finding("exit", f"exit code {ours.exit_code} in ours, {official.exit_code} in official")


def spec_findings(ours: Json, official: Json) -> Iterator[Finding]:
    """Every key of the official config that ours does not take in the same way, and what else the official one says of
    itself; ours may take and say more."""
    mine, other = (dict(spec or {}) for spec in (ours, official))
    texts = [*_schema_differences(*(spec.pop("connectionSpecification", {}) for spec in (mine, other)), "config")]
    for name, theirs in other.items():
        if name not in mine:
            texts += [f"{name} is absent in ours, {_short(theirs)} in official"]
        elif name == "advanced_auth":
            # Where a platform puts what the sign-in brings: nothing more either.
            found = differences(mine[name], theirs, name)
            texts += [f"{path} is {_short(one)} in ours, {_short(two)} in official" for path, one, two in found]
        elif name.endswith("Url"):
            # Each has its own pages.
            if _is_address(theirs) and not _is_address(mine[name]):
                texts += [f"{name} is {_short(mine[name])} in ours, {_short(theirs)} in official"]
        else:
            texts += _schema_differences(mine[name], theirs, name)
    for text in texts:
        path, _, _ = text.partition(" ")
        yield Finding(f"spec/{path}", text)


def _is_address(value: Json) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://"))


def _schema_differences(ours: Json, theirs: Json, path: str, *, names: bool = False) -> Iterator[str]:
    """What of a schema of the official one is not the same in ours. `names`: its keys are names of fields."""
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        if as_text(ours) != as_text(theirs):
            yield f"{path} is {_short(ours)} in ours, {_short(theirs)} in official"
        return
    for name, theirs_of_name in theirs.items():
        if not names and name in ANNOTATIONS:
            continue
        if name not in ours:
            yield f"{path}.{name} is absent in ours, {_short(theirs_of_name)} in official"
        elif not names and name == "enum":
            missing = [value for value in theirs_of_name if value not in ours[name]]
            if missing:
                yield f"{path}.enum lacks {missing} in ours"
        else:
            inner = not names and name in OF_NAMES
            yield from _schema_differences(ours[name], theirs_of_name, f"{path}.{name}", names=inner)


def catalog_findings(ours: list[dict], official: list[dict]) -> Iterator[Finding]:
    """Each stream's modes, keys, cursor and field types; and the streams' order. Ours may know more fields."""
    mine, other = ([stream["name"] for stream in streams] for streams in (ours, official))
    if mine != other:
        yield Finding("catalog", f"streams {mine} in ours, {other} in official")
    by_name = {stream["name"]: stream for stream in ours}
    for stream in official:
        name = stream["name"]
        if name not in by_name:
            continue
        without_schema = [{**one, "json_schema": None} for one in (by_name[name], stream)]
        found = [
            f"{path} is {_short(one)} in ours, {_short(two)} in official"
            for path, one, two in differences(*without_schema)
        ]
        found += _schema_differences(by_name[name]["json_schema"], stream["json_schema"], "json_schema")
        yield from (Finding(f"catalog/{name}", f"{name}: {text}") for text in found[:1])


def config_findings(ours: Run, official: Run) -> Iterator[Finding]:
    """What a CONTROL message makes of the config. The moment at which the token ends is about the same."""
    (mine, my_end), (other, other_end) = (_without_expiry(run.config_after) for run in (ours, official))
    if as_text(mine) != as_text(other):
        # Never the values: they are credentials, if only those of a fake.
        paths = [path for path, *_ in differences(mine, other)]
        yield Finding("config", f"the config to keep differs at {', '.join(paths)}")
    elif my_end is not None and other_end is not None and not _about_the_same(my_end, other_end):
        yield Finding("config", f"the token ends at {_short(my_end)} in ours, at {_short(other_end)} in official")


def _without_expiry(config: Json) -> tuple[Json, Json]:
    """The config without the moment at which the token ends, and that moment."""
    if isinstance(config, Mapping):
        config = {name: value for name, value in config.items() if value is not None}
    if isinstance(config, Mapping) and isinstance(config.get("credentials"), Mapping):
        credentials = dict(config["credentials"])
        end = credentials.pop("token_expiry_date", None)
        return {**config, "credentials": credentials}, end
    return config, None


def _about_the_same(one: Json, other: Json) -> bool:
    if one == other:
        return True
    try:
        one, other = map(datetime.fromisoformat, (one, other))
    except (TypeError, ValueError):
        return False
    one, other = (moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in (one, other))
    return abs(one - other) <= LONGEST_BETWEEN
