"""Runs that no connector made."""

import json
import time

from conformance.messages import Json, Run

ADS = {
    "name": "ads",
    "json_schema": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "clicks": {"type": ["null", "integer"]},
            "updated": {"type": "integer"},
            "day": {"type": ["null", "string"], "format": "date"},
            "seen": {"type": ["null", "string"], "format": "date-time"},
            "local": {"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"},
        },
    },
    "supported_sync_modes": ["full_refresh", "incremental"],
    "default_cursor_field": ["updated"],
    "source_defined_cursor": True,
    "source_defined_primary_key": [["id"]],
}
NOW = int(time.time() * 1000)
CONFIG = {"credentials": {"client_id": "1480010", "client_secret": 'a/secret "word', "refresh_token": "the-old-one"}}


def record(stream: str = "ads", **data: Json) -> dict:
    return {"type": "RECORD", "record": {"stream": stream, "data": {"id": "1", **data}, "emitted_at": NOW}}


def state(count: float = 1, stream: str = "ads", **content: Json) -> dict:
    body = {"stream_descriptor": {"name": stream}, "stream_state": content}
    return {"type": "STATE", "state": {"type": "STREAM", "stream": body, "sourceStats": {"recordCount": count}}}


def global_state(count: float = 1, *streams: str) -> dict:
    """The state of all, which names these streams."""
    bodies = [{"stream_descriptor": {"name": stream}, "stream_state": {}} for stream in streams or ("ads",)]
    body = {"shared_state": {"at": 1}, "stream_states": bodies}
    return {"type": "STATE", "state": {"type": "GLOBAL", "global": body, "sourceStats": {"recordCount": count}}}


def status(status: str, stream: str = "ads") -> dict:
    body = {"stream_descriptor": {"name": stream}, "status": status}
    return {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": NOW, "stream_status": body}}


def error(message: str = "it failed", stream: str | None = "ads") -> dict:
    body = {"message": message} | ({"stream_descriptor": {"name": stream}} if stream else {})
    return {"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": NOW, "error": body}}


def log(message: str) -> dict:
    return {"type": "LOG", "log": {"level": "INFO", "message": message}}


def control(**credentials: str) -> dict:
    config = {"config": {"credentials": {**CONFIG["credentials"], **credentials}}}
    return {"type": "CONTROL", "control": {"type": "CONNECTOR_CONFIG", "emitted_at": NOW, "connectorConfig": config}}


def run(
    *lines: dict | str,
    command: str = "read",
    exit_code: int | None = 0,
    config: Json = CONFIG,
    state: Json = None,
    stderr: str = "",
) -> Run:
    """A run that wrote these messages; a line that is a str is written as it is."""
    return Run(
        connector="made up",
        command=command,
        config=config,
        catalog={"streams": [{"stream": ADS, "sync_mode": "incremental"}]} if command == "read" else None,
        state=state,
        lines=[line if isinstance(line, str) else json.dumps(line) for line in lines],
        stderr=stderr,
        exit_code=exit_code,
        seconds=0,
    )


STARTED, RUNNING, COMPLETE, INCOMPLETE = map(status, ("STARTED", "RUNNING", "COMPLETE", "INCOMPLETE"))
BEGIN = (STARTED, RUNNING)
END = (state(), COMPLETE)
GOOD = (STARTED, control(access_token="the-new-one"), RUNNING, record(clicks=2), *END)
