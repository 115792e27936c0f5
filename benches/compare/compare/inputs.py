"""Config and catalog, the same for both connectors."""

import json
from datetime import date
from pathlib import Path

from .measuring import Program

WITHOUT_LIMITS = {"rate_limits": dict.fromkeys(("ads_analytics", "ads_read", "all_per_second"), 1_000_000)}
"""In a config of ours: an account to which the API allows what no program can use, so that the program is measured and
not the limits of the API."""
CREDENTIALS = {"auth_method": "oauth2.0", "client_id": "1", "client_secret": "secret", "refresh_token": "token"}


class Inputs:
    """The files of one scenario. Streams are as `discover` of this connector says; both know the same ones."""

    def __init__(self, folder: Path, streams: list[dict]):
        self.folder = folder
        self.streams = {stream["name"]: stream for stream in streams}

    def read(self, program: Program, stream: str, *, start: date | None = None, **more: object) -> Program:
        """The program with the arguments of a sync of one stream, incremental as it is set up usually."""
        config = {"credentials": CREDENTIALS, **more}
        if start:
            config["start_date"] = start.isoformat()
        configured = {
            "stream": self.streams[stream],
            "sync_mode": "incremental",
            "destination_sync_mode": "append",
        }
        name = program.name.replace(" ", "-")
        files = {"config": config, "catalog": {"streams": [configured]}}
        arguments = ["read"]
        for kind, content in files.items():
            file = self.folder / f"{kind}-{stream}-{name}.json"
            file.write_text(json.dumps(content))
            arguments += [f"--{kind}", str(file)]
        return program.with_arguments(*arguments)
