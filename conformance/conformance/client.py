"""PyAirbyte, which drives a connector as its users do, without a network."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

from . import launcher
from .connector import Connector, as_text
from .messages import Json, Run
from .settings import Settings
from .suite import Suite

LEFT_OUT = frozenset({"campaign_analytics", "ad_group_analytics", "ad_analytics"})
"""The streams of Pinterest sources that do not fit into PyAirbyte's tables, whoever reads them: the schema that
existing connections have calls the status of a campaign a number, Pinterest sends a text; a table takes one only."""


@cache
def pyairbyte() -> ModuleType:
    """The package, imported when it is first needed: that takes some seconds."""
    folder = tempfile.mkdtemp(prefix="pyairbyte-", dir=Settings.load().folder)
    # It reads them once, when it is imported. Offline means no registry and no telemetry.
    os.environ |= {
        "AIRBYTE_OFFLINE_MODE": "1",
        "DO_NOT_TRACK": "1",
        "NO_LIVE_PROGRESS": "1",
        "AIRBYTE_PROJECT_DIR": folder,
        "AIRBYTE_LOGGING_ROOT": folder,
    }
    import airbyte.caches

    return airbyte


@contextmanager
def opened(suite: Suite, connector: Connector, config: Json) -> Iterator["Client"]:
    """A client that starts with an empty cache."""
    client = Client(connector, config, Path(tempfile.mkdtemp(prefix="client-", dir=suite.folder)))
    try:
        yield client
    finally:
        client.cache.close()


class Client:
    """A source of PyAirbyte, and the DuckDB cache that it reads into."""

    def __init__(self, connector: Connector, config: Json, folder: Path):
        self.connector = connector
        self.folder = folder
        (folder / "runs").mkdir()
        self.start = self._launcher()
        self.cache = pyairbyte().caches.DuckDBCache(db_path=folder / "cache.duckdb", cache_dir=folder / "cache")
        self.configs: list[Json] = []
        """What the source told it to keep, in order."""
        self.source = pyairbyte().get_source(
            "source-under-test",
            config,
            local_executable=self.start,
            config_change_callback=self.configs.append,
        )

    def configure(self, config: Json) -> None:
        """Another config, as the same source has it from now on."""
        self.source.set_config(config, validate=False)

    def read(self, streams: str | list[str] = "*") -> dict[str, int]:
        """Reads into the cache, and tells how many rows each stream has there now."""
        self.source.read(self.cache, streams=streams)
        return self.counts()

    def counts(self) -> dict[str, int]:
        """The rows in the cache, by stream."""
        return {stream: self.one(f"select count(*) from {stream}") for stream in self.source.get_selected_streams()}

    def rows(self, query: str) -> list[tuple]:
        """What the cache answers to a query in SQL."""
        return [tuple(row.values()) for row in self.cache.run_sql_query(query)]

    def one(self, query: str) -> Json:
        ((value,),) = self.rows(query)
        return value

    def states(self) -> dict[str, Json]:
        """The states that the cache holds, by stream."""
        saved = self.rows("select stream_name, state_json from _airbyte_state")
        return {stream: json.loads(state)["stream"]["stream_state"] for stream, state in saved}

    def runs(self, command: str | None = None) -> list[Run]:
        """Every run of the connector so far, in order."""
        ended = [folder for folder in sorted((self.folder / "runs").iterdir()) if (folder / "run.json").exists()]
        return [run for run in map(self._run, ended) if command in (None, run.command)]

    def told(self) -> str:
        """What a person needs to see when the last run did not do what it should."""
        return next((run.told() for run in reversed(self.runs())), "nothing was run")

    def _run(self, folder: Path) -> Run:
        ended = json.loads((folder / "run.json").read_text())
        inputs = dict.fromkeys(launcher.INPUTS)
        inputs |= {name: json.loads((folder / name).read_text()) for name in ended["inputs"]}
        lines = as_text((folder / "stdout").read_bytes()).split("\n")
        return Run(
            connector=self.connector.name,
            command=ended["command"],
            **inputs,
            lines=lines[:-1] if lines[-1] == "" else lines,
            stderr=(folder / "stderr").read_text(encoding="utf-8", errors="replace"),
            exit_code=ended["exit_code"],
            seconds=ended["seconds"],
        )

    def _launcher(self) -> Path:
        """An executable that needs neither arguments nor environment, which is all that PyAirbyte can start."""
        description = self.folder / "connector.json"
        description.write_text(
            json.dumps(
                {
                    "argv": self.connector.argv,
                    "environment": dict(self.connector.environment),
                    "folder": str(self.folder / "runs"),
                }
            )
        )
        return launcher.executable(
            self.folder / "connector", sys.executable, "-IS", launcher.__file__, str(description)
        )
