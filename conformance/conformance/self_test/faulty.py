"""A connector with a seeded fault: runs the real one and changes what it says.

A program of its own (`python faulty.py FAULT EXECUTABLE COMMAND ...`), with nothing but the standard library.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

Messages = list[dict | str]
"""Messages, and lines that are none."""


def main() -> int:
    fault, executable, command, *arguments = sys.argv[1:]
    run = subprocess.run([executable, command, *arguments], stdout=subprocess.PIPE, text=True, encoding="utf-8")
    messages = [json.loads(line) for line in run.stdout.split("\n") if line]
    exit_code = run.returncode
    if fault != NONE:
        seeded, changed_command, changed_exit_code = FAULTS[fault]
        if command == changed_command:
            seeded(messages)
            exit_code = exit_code if changed_exit_code is None else changed_exit_code
    for message in messages:
        sys.stdout.write((message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)) + "\n")
    return exit_code


def places(messages: Messages, kind: str) -> list[int]:
    return [place for place, message in enumerate(messages) if message["type"] == kind]


def last_record(messages: Messages) -> int:
    return places(messages, "RECORD")[-1]


def last_entries(messages: Messages) -> list[dict]:
    """The entries of all partitions in the last state that has more than one."""
    states = [messages[place]["state"]["stream"]["stream_state"] for place in places(messages, "STATE")]
    return next(state["states"] for state in reversed(states) if len(state.get("states", ())) > 1)


def errors(messages: Messages) -> list[dict]:
    return [
        messages[place]["trace"] for place in places(messages, "TRACE") if messages[place]["trace"]["type"] == "ERROR"
    ]


def count_anew(messages: Messages) -> None:
    """The counts of the states, as a connector makes them that does not know of its fault."""
    records = Counter()
    for message in messages:
        if message["type"] == "RECORD":
            records[message["record"]["stream"]] += 1
        if message["type"] == "STATE":
            stream = message["state"]["stream"]["stream_descriptor"]["name"]
            message["state"]["sourceStats"] = {"recordCount": records.pop(stream, 0)}


def drop_a_record(messages: Messages) -> None:
    del messages[last_record(messages)]
    count_anew(messages)


def double_a_record(messages: Messages) -> None:
    place = last_record(messages)
    messages.insert(place, messages[place])
    count_anew(messages)


def lose_a_field(messages: Messages) -> None:
    del messages[last_record(messages)]["record"]["data"]["objective_type"]


def lose_a_partition(messages: Messages) -> None:
    last_entries(messages).pop()


def number_as_text(messages: Messages) -> None:
    data = messages[last_record(messages)]["record"]["data"]
    data["created_time"] = str(data["created_time"])


def id_as_number(messages: Messages) -> None:
    data = messages[last_record(messages)]["record"]["data"]
    data["id"] = int(data["id"])


def object_as_text(messages: Messages) -> None:
    """Of a field that the schema does not know, so that only the comparison can see it."""
    data = messages[last_record(messages)]["record"]["data"]
    data["bid_options"] = json.dumps(data["bid_options"])


def swallow_an_error(messages: Messages) -> None:
    messages[:] = [message for message in messages if message["type"] != "TRACE" or message["trace"]["type"] != "ERROR"]
    for place in places(messages, "TRACE"):
        status = messages[place]["trace"].get("stream_status", {})
        if status.get("status") == "INCOMPLETE":
            status["status"] = "COMPLETE"


def say_nothing_of_an_error(messages: Messages) -> None:
    messages[:] = [
        message
        for message in messages
        if message["type"] != "TRACE" or "stream_descriptor" not in message["trace"].get("error", {})
    ]


def blame_the_connector(messages: Messages) -> None:
    for trace in errors(messages):
        trace["error"]["failure_type"] = "system_error"


def state_before_its_records(messages: Messages) -> None:
    messages.insert(places(messages, "RECORD")[-1], messages.pop(places(messages, "STATE")[-1]))


def state_too_far(messages: Messages) -> None:
    cursor = last_entries(messages)[-1]["cursor"]
    (field,) = cursor
    cursor[field] = str(int(cursor[field]) + 86_400)


def wrong_record_count(messages: Messages) -> None:
    messages[places(messages, "STATE")[-1]]["state"]["sourceStats"]["recordCount"] += 1


def secret_in_a_log(messages: Messages) -> None:
    config = json.loads(Path(sys.argv[sys.argv.index("--config") + 1]).read_text())
    text = f"signing in with {config['credentials']['refresh_token']}"
    messages.insert(0, {"type": "LOG", "log": {"level": "INFO", "message": text}})


def line_that_is_no_json(messages: Messages) -> None:
    messages.insert(0, "starting ...")


def lose_a_stream(messages: Messages) -> None:
    streams = messages[places(messages, "CATALOG")[0]]["catalog"]["streams"]
    streams[:] = [stream for stream in streams if stream["name"] != "audiences"]


def lose_a_schema_field(messages: Messages) -> None:
    """One whose name is also a keyword of schemas."""
    streams = messages[places(messages, "CATALOG")[0]]["catalog"]["streams"]
    boards = next(stream for stream in streams if stream["name"] == "boards")
    del boards["json_schema"]["properties"]["description"]


def lose_an_option(messages: Messages) -> None:
    spec = messages[places(messages, "SPEC")[0]]["spec"]
    del spec["connectionSpecification"]["properties"]["account_id"]


def say_yes_to_all(messages: Messages) -> None:
    messages[places(messages, "CONNECTION_STATUS")[0]]["connectionStatus"] = {"status": "SUCCEEDED"}


NONE = "none"
FAULTS: dict[str, tuple[Callable[[Messages], None], str, int | None]] = {
    "drop a record": (drop_a_record, "read", None),
    "double a record": (double_a_record, "read", None),
    "lose a field": (lose_a_field, "read", None),
    "lose a partition's state": (lose_a_partition, "read", None),
    "a number as text": (number_as_text, "read", None),
    "an id as a number": (id_as_number, "read", None),
    "an object as text": (object_as_text, "read", None),
    "swallow an error": (swallow_an_error, "read", 0),
    "an error without a word": (say_nothing_of_an_error, "read", None),
    "exit with 0 all the same": (blame_the_connector, "read", 0),
    "blame the connector": (blame_the_connector, "read", None),
    "a state before its records": (state_before_its_records, "read", None),
    "a state too far": (state_too_far, "read", None),
    "a wrong record count": (wrong_record_count, "read", None),
    "a secret in a log": (secret_in_a_log, "read", None),
    "a line that is no JSON": (line_that_is_no_json, "read", None),
    "lose a stream": (lose_a_stream, "discover", None),
    "lose a schema field": (lose_a_schema_field, "discover", None),
    "lose an option": (lose_an_option, "spec", None),
    "say yes to all": (say_yes_to_all, "check", None),
}
"""By name: what changes the messages, of which command, and the exit code where that changes, too."""

if __name__ == "__main__":
    sys.exit(main())
