"""A source in memory that passes every acceptance check, and can be made to fail one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

from made_up import ADS, error, record, run, state, status

from conformance.acceptance import Observed
from conformance.messages import Json, Run
from conformance.targets import Target

NOTES = {
    "name": "notes",
    "json_schema": {"type": "object", "properties": {"id": {"type": "string"}, "text": {"type": ["null", "string"]}}},
    "supported_sync_modes": ["full_refresh"],
    "source_defined_primary_key": [["id"]],
}
SPEC = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["client_secret"],
    "properties": {
        "client_secret": {"type": "string", "airbyte_secret": True},
        "how": {"type": "object", "oneOf": [{"properties": {"kind": {"const": kind}}} for kind in ("a", "b")]},
    },
}
CONFIG = {"client_secret": "not-told-to-anyone"}


@dataclass
class Source:
    spec: Json = field(default_factory=lambda: SPEC)
    streams: list[dict] = field(default_factory=lambda: [ADS, NOTES])
    ads: list[dict] = field(
        default_factory=lambda: [{"id": str(number), "updated": 100 + number} for number in range(6)]
    )
    notes: list[dict] = field(default_factory=lambda: [{"id": "1", "text": None}, {"id": "2", "text": "two"}])
    change: Callable[[Run], Run] = lambda run: run
    """What becomes of a run before it is looked at."""
    starts_after: int = -1
    """How much later than at its cursor a sync goes on; the record at the cursor comes again."""
    keeps_cursors: bool = True
    runs: int = 0

    empty: frozenset[str] | None = None
    invalid_config: Json = field(default_factory=lambda: {"client_secret": "wrong-one"})
    specs: list[tuple[str, Json]] = field(default_factory=list)
    """With which spec each command was looked at."""

    def run(
        self,
        _,
        command: str,
        *,
        breaks=(),
        spec: Json = None,
        config: Json = None,
        catalog: Json = None,
        state: Json = None,
    ) -> Run:
        self.runs += 1
        self.specs.append((command, spec))
        lines, exit_code = self.answer(command, config, catalog, state)
        made = run(*lines, command=command, config=config, state=state, exit_code=exit_code)
        return self.change(Run(**{**vars(made), "catalog": catalog}))

    def answer(self, command: str, config: Json, catalog: Json, given: Json) -> tuple[list[dict], int]:
        if command == "spec":
            return [{"type": "SPEC", "spec": {"connectionSpecification": self.spec}}], 0
        if command == "check":
            word = "SUCCEEDED" if config == CONFIG else "FAILED"
            return [{"type": "CONNECTION_STATUS", "connectionStatus": {"status": word, "message": "no such key"}}], 0
        if command == "discover":
            return [{"type": "CATALOG", "catalog": {"streams": self.streams}}], 0
        if isinstance(given, str) or not isinstance(catalog["streams"], list):
            return [error("cannot be read", None)], 1
        return self.read([one["stream"]["name"] for one in catalog["streams"]], given)

    def read(self, names: list[str], given: list[dict] | None) -> tuple[list[dict], int]:
        cursor = next((one["stream"]["stream_state"]["updated"] for one in given or [] if "ads" in str(one)), 0)
        lines, exit_code = [], 0
        for name in names:
            lines += [status("STARTED", name)]
            if name == "ads":
                lines += [status("RUNNING", name)]
                later = [one for one in self.ads if one.get("updated", 0) > cursor + self.starts_after]
                for one in later:
                    reached = max(cursor, one.get("updated", 0)) if self.keeps_cursors else one.get("updated", 0)
                    lines += [record(name, **one), state(1, name, updated=reached)]
                if not later:
                    lines += [state(0, name, updated=cursor if self.keeps_cursors else 100)]
            elif name == "notes":
                lines += [status("RUNNING", name), *(record(name, **one) for one in self.notes)]
                lines += [state(len(self.notes), name, done=True)]
            else:
                lines += [error("no such stream", name)]
                exit_code = 1
            lines += [status("INCOMPLETE" if name not in ("ads", "notes") else "COMPLETE", name)]
        return lines, exit_code

    def observed(self) -> Observed:
        target = Target(
            "made up",
            connector=None,
            config=CONFIG,
            invalid_config=self.invalid_config,
            future_state=None,
            must_pass=True,
            server=None,
            empty=self.empty,
        )
        return Observed(SimpleNamespace(run=self.run), target)
