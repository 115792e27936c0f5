"""The shop that the bookshop connector reads from: shelves, and the books on each, two a page."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = 2
FIRST_CHANGE = 1_700_000_000
"""When the first book of each shelf was last changed, in epoch seconds; the next one a second later, and so on."""


class Shop:
    """Answers `/shelves?page=1` and `/books?shelf=poetry&page=1` with arrays; the page after the last one is empty."""

    def __init__(self) -> None:
        self.shelves = [{"id": shelf} for shelf in ("poetry", "travel", "empty")]
        self.books = {shelf: [_book(shelf, number) for number in range(count)] for shelf, count in _BOOKS.items()}
        handler = type("Handler", (_Handler,), {"shop": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "Shop":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()

    def change(self, shelf: str, number: int, updated_at: int) -> None:
        """A book with a new `updated_at`, new itself or not."""
        book = _book(shelf, number) | {"updated_at": updated_at}
        self.books[shelf] = [*(known for known in self.books[shelf] if known["id"] != book["id"]), book]

    def answer(self, address: str) -> list[dict] | None:
        """The array that the shop answers, or None where it has nothing."""
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path:
            case "/shelves":
                items = self.shelves
            case "/books":
                items = self.books.get(query.get("shelf"), [])
            case _:
                return None
        start = (int(query["page"]) - 1) * PAGE
        return items[start : start + PAGE]


_BOOKS = {"poetry": 3, "travel": 5, "empty": 0}


def _book(shelf: str, number: int) -> dict:
    return {"id": f"{shelf}-{number}", "title": f"Book {number} of {shelf}", "updated_at": FIRST_CHANGE + number}


class _Handler(BaseHTTPRequestHandler):
    shop: Shop
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        items = self.shop.answer(self.path)
        body = json.dumps(items if items is not None else {"error": "not found"}).encode()
        self.send_response(404 if items is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """Says nothing: what the tests print is theirs."""
