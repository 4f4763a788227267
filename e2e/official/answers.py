"""What the tests wrote down: one answer a line, in every file of a folder."""

import json
import typing

import yaml


class Answer(typing.NamedTuple):
    """One JSON body, one event of a stream or one message of a WebSocket."""

    method: str
    path: str
    status: int
    form: str
    test: str
    json: typing.Any


def read(folder):
    """All answers in the files of `folder`."""
    for file in sorted(folder.iterdir()):
        with open(file, encoding="utf-8") as lines:
            for line in lines:
                yield Answer(**json.loads(line))


def recorded(file):
    """The answers of a recorded exchange: a cassette (YAML) or a recording of ours (JSON)."""
    if file.suffix == ".json":
        exchange = json.loads(file.read_text())
        status, lines, body = exchange["status"], exchange.get("sse_lines"), exchange.get("body")
    else:
        exchange = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
        response = exchange["response"]
        status, lines, body = response["status_code"], response.get("sse"), response.get("body")
    method, path = exchange["request"]["method"], exchange["request"]["path"]
    path = path if path.startswith("/v1/") else f"/v1{path}"

    def answer(form, content):
        return Answer(method, path, status, form, file.stem, content)

    if not lines:
        return [answer("body", body)]
    data = (line[len("data:"):].strip() for line in lines if line.startswith("data:"))
    return [answer("event", json.loads(text)) for text in data if text != "[DONE]"]
