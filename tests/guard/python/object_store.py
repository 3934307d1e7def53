"""A stand-in of Cloud Storage's JSON API and of S3's interface, as far as the archive uses them, with their refusals."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

BUCKET = "ledger-archive"


class ObjectStore:
    """Serves on a free port of the loopback until it is closed. ``objects`` are its objects by name."""

    def __init__(self) -> None:
        objects: dict[str, bytes] = {}

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_POST(self) -> None:
                self._answer(*self._post())

            def do_PUT(self) -> None:
                self._answer(*self._put())

            def do_GET(self) -> None:
                self._answer(*self._get())

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _body(self) -> bytes:
                if self.headers.get("transfer-encoding") != "chunked":
                    return self.rfile.read(int(self.headers["content-length"]))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                while self.rfile.readline().strip():
                    pass
                return body

            def _post(self) -> tuple[int, bytes]:
                """Cloud Storage: a simple upload."""
                url = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(url.query).items()}
                body = self._body()
                if url.path != f"/upload/storage/v1/b/{BUCKET}/o":
                    return 404, b""
                if query.get("uploadType") != "media" or not query.get("name"):
                    return 400, b""
                if query.get("ifGenerationMatch") == "0" and query["name"] in objects:
                    return 412, b""
                objects[query["name"]] = body
                return 200, b"{}"

            def _put(self) -> tuple[int, bytes]:
                """S3: an object, signed."""
                name = unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}/")
                body = self._body()
                if "AWS4-HMAC-SHA256" not in self.headers.get("authorization", ""):
                    return 403, b""
                if self.headers.get("if-none-match") == "*" and name in objects:
                    return 412, b""
                if self.headers.get("content-encoding") == "aws-chunked":
                    body = _without_frames(body)
                objects[name] = body
                return 200, b""

            def _get(self) -> tuple[int, bytes]:
                url = urlsplit(self.path)
                json_api = f"/storage/v1/b/{BUCKET}/o/"
                if url.path.startswith(json_api):
                    if parse_qs(url.query).get("alt") != ["media"]:
                        return 200, b"{}"
                    name = unquote(url.path.removeprefix(json_api))
                else:
                    name = unquote(url.path).removeprefix(f"/{BUCKET}/")
                return (200, objects[name]) if name in objects else (404, b"")

        self.objects = objects
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _without_frames(body: bytes) -> bytes:
    """What was sent in chunks with a checksum behind them, as boto3 does."""
    content = b""
    while True:
        head, _, body = body.partition(b"\r\n")
        size = int(head.split(b";")[0], 16)
        if size == 0:
            return content
        content, body = content + body[:size], body[size + 2 :]
