"""Writes down what clients are answered: a port in front of Transom that hands every byte on as it is.

What went over each connection is read afterwards, so that nothing here can change what a client sees.
Python's standard library only.
"""

import asyncio
import json
import pathlib
import threading
import typing

from kit.failure import Failure

LOOPBACK = "127.0.0.1"
# Routes that Transom answers itself; of the others only errors are its own words.
OWN = ("/v1/responses", "/v1/conversations", "/v1/models")
HANDED_ON = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings")
PIECE = 1 << 16
STOP_SECONDS = 10


class Tap:
    """The port, as a context manager; `url` is where clients go. Leaving it writes FOLDER/NAME.jsonl."""

    def __init__(self, port, folder, name):
        self.port, self.file = port, pathlib.Path(folder, f"{name}.jsonl")
        self.name, self.connections = name, []
        self.loop = asyncio.new_event_loop()

    def __enter__(self):
        self.server = self.loop.run_until_complete(asyncio.start_server(self._serve, LOOPBACK, 0))
        own_port = self.server.sockets[0].getsockname()[1]
        self.url = f"http://{LOOPBACK}:{own_port}/v1"
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, trouble, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(STOP_SECONDS)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        lines = 0
        with open(self.file, "w") as output:
            for asked, answered in self.connections:
                for answer in answers(bytes(asked), bytes(answered)):
                    output.write(json.dumps({**answer, "test": self.name}) + "\n")
                    lines += 1
        if lines == 0 and trouble is None:
            raise Failure(f"No answer of Transom was seen on the way to the clients ({self.name}).")

    async def _serve(self, reader, writer):
        asked, answered = bytearray(), bytearray()
        self.connections.append((asked, answered))
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self.port)
        except OSError:
            writer.close()
            return
        directions = [
            asyncio.ensure_future(_pump(reader, far_writer, asked)),
            asyncio.ensure_future(_pump(far_reader, writer, answered)),
        ]
        await asyncio.wait(directions)
        writer.close(), far_writer.close()


async def _pump(source, target, kept):
    """Hands bytes on until the end, and the end too: who leaves is seen to leave."""
    try:
        while piece := await source.read(PIECE):
            kept += piece
            target.write(piece)
            await target.drain()
        target.write_eof()
    except OSError:
        target.close()


class _Head(typing.NamedTuple):
    start: str
    fields: dict


def answers(asked, answered):
    """The answers of one connection, as `answers.Answer` has them."""
    while asked and answered:
        request, asked = _head(asked)
        _, asked = _body(request, asked)
        head, answered = _head(answered)
        if head is None:
            return
        status = int(head.start.split()[1])
        method, target = request.start.split()[:2]
        path = target.split("?")[0]
        if status == 101:
            yield from _said(method, path, status, "message", _messages(answered))
            return
        body, answered = _body(head, answered)
        streamed = head.fields.get("content-type", "").startswith("text/event-stream")
        texts = _events(body) if streamed else [body.decode()]
        yield from _said(method, path, status, "event" if streamed else "body", texts)


def _said(method, path, status, form, texts):
    def below(routes):
        return any(path == route or path.startswith(f"{route}/") for route in routes)

    if not below(OWN) and not (status >= 400 and below(HANDED_ON)):
        return
    for text in texts:
        try:
            content = json.loads(text)
        except ValueError:
            # The end of a stream, or of one that its client has left.
            continue
        yield {"method": method, "path": path, "status": status, "form": form, "json": content}


def _head(data):
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return None, b""
    start, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    return _Head(start, {name.lower(): value.strip() for name, value in pairs}), rest


def _body(head, data):
    if "chunked" in head.fields.get("transfer-encoding", ""):
        body = b""
        while data:
            size, _, data = data.partition(b"\r\n")
            length = int(size or b"0", 16)
            body, data = body + data[:length], data[length + 2:]
            if length == 0:
                break
        return body, data
    length = int(head.fields.get("content-length", 0))
    return data[:length], data[length:]


def _events(body):
    for event in body.decode().split("\n\n"):
        for line in event.split("\n"):
            if line.startswith("data: "):
                yield line[len("data: "):]


def _messages(data):
    """The texts in the frames of a server (RFC 6455, section 5.2): never masked, not compressed."""
    text = b""
    while len(data) >= 2:
        last, kind, length = data[0] & 0x80, data[0] & 0x0F, data[1] & 0x7F
        wide = {126: 2, 127: 8}.get(length, 0)
        start = 2 + wide
        if wide:
            length = int.from_bytes(data[2:start], "big")
        content, data = data[start:start + length], data[start + length:]
        if kind in (0, 1):
            text += content
            if last:
                yield text.decode()
                text = b""
