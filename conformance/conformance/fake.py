"""A fake Pinterest API of its own for one run, and its control door."""

import json
import subprocess
from pathlib import Path

import requests

from .messages import Json


class FakePinterest:
    """A process of `fake-pinterest` on a free port. Options are those of its command line, e.g. `daily_rows=True`,
    `max_page_size=2`; the methods are its control door (`fake-pinterest --help`)."""

    def __init__(self, executable: Path, **options: Json):
        argv = [str(executable), "--port", "0"]
        for name, value in options.items():
            flag = "--" + name.replace("_", "-")
            for item in value if isinstance(value, list | tuple) else [value]:
                if item is True:
                    argv += [flag]
                elif item is not False and item is not None:
                    argv += [flag, str(item)]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        first = self.process.stdout.readline()
        if "=" not in first:
            raise RuntimeError(f"the fake did not start: {' '.join(argv)}")
        self.url = first.partition("=")[2].strip()
        self.door = self.url.removesuffix("/v5") + "/control"
        self.session = requests.Session()

    def __enter__(self) -> "FakePinterest":
        return self

    def __exit__(self, *_) -> None:
        self.session.close()
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, method: str, path: str, body: Json = None, **query: str) -> Json:
        answer = self.session.request(method, f"{self.door}/{path}", json=body, params=query, timeout=60)
        if not answer.ok:
            raise RuntimeError(f"{method} {path} {json.dumps(body)[:300]}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def config(self) -> dict:
        """A config with the credentials that work now."""
        return self.ask("GET", "account")["config"]

    def access_token(self) -> str:
        return self.ask("GET", "account")["access_token"]

    def listed(self, path: str, **query: str) -> list[dict]:
        """The items of a list of the API, of all pages."""
        headers = {"Authorization": f"Bearer {self.access_token()}"}
        items = []
        while True:
            page = self.session.get(f"{self.url}/{path}", params=query, headers=headers, timeout=60).json()
            items += page["items"]
            if not page.get("bookmark"):
                return items
            query["bookmark"] = page["bookmark"]

    def truth(self, stream: str, statuses: str | None = None) -> list[dict]:
        """All records of a stream of lists."""
        return self.ask("GET", f"truth/{stream}", **({"statuses": statuses} if statuses else {}))

    def rows(self, stream: str, start: str, end: str, statuses: str | None = None) -> list[dict]:
        """All rows of a stream of analytics or reports for these days, both included."""
        more = {"statuses": statuses} if statuses else {}
        return self.ask("GET", f"rows/{stream}", **{"from": start, "to": end}, **more)

    def rows_of_level(self, level: str, start: str, end: str) -> list[dict]:
        return self.ask("GET", f"rows-of-level/{level}", **{"from": start, "to": end})

    def records(self, stream: str) -> list[dict]:
        return self.ask("GET", f"records/{stream}")

    def upsert(self, stream: str, *records: dict) -> None:
        self.ask("POST", f"records/{stream}", list(records))

    def change(self, stream: str, identity: str, **fields: Json) -> None:
        self.ask("PATCH", f"records/{stream}/{identity}", fields)

    def remove(self, stream: str, identity: str) -> None:
        self.ask("DELETE", f"records/{stream}/{identity}")

    def fault(self, **fault: Json) -> None:
        """Lets something go wrong, e.g. `fault(on="campaigns/list", status=503, times=2)`."""
        self.ask("POST", "faults", fault)

    def clear_faults(self) -> None:
        self.ask("DELETE", "faults")

    def script_report(self, *steps: Json, every: bool = False) -> None:
        self.ask("POST", "reports", {"steps": list(steps), "every": every})

    def set_now(self, epoch_seconds: int) -> None:
        self.ask("PUT", "now", {"now": epoch_seconds})

    def requests(self, operation: str | None = None) -> list[dict]:
        seen = self.ask("GET", "requests")
        return [request for request in seen if operation in (None, request["operation"])]

    def clear_requests(self) -> None:
        self.ask("DELETE", "requests")
