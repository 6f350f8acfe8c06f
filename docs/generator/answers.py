"""A server for examples: it gives the answers that stand on their page, `json /path`."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote

from docs.generator.prose import Block


def written_answers(found: list[Block]) -> dict[str, bytes]:
    """The answers of a page, by path."""
    return {b.role: b.text.encode() for b in found if b.language == "json"}


@contextmanager
def answering(answers: Mapping[str, bytes]) -> Generator[str]:
    """Gives the address; what is on no page is not found."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = answers.get(unquote(self.path))
            self.send_response(200 if answer is not None else 404)
            self.end_headers()
            self.wfile.write(answer or b"{}")

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
