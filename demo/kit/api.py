"""A small JSON and server-sent-events client: what a reader needs to see of the protocol, and no more."""

import json
import urllib.error
import urllib.request

from .failure import Failure

SECONDS = 180
# Everything asked here is on 127.0.0.1; a proxy of the user's must not see it.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url):
    """The JSON answer to a GET."""
    with _open(urllib.request.Request(url)) as answer:
        return json.load(answer)


def post(url, body):
    """The JSON answer to a POST of `body`."""
    with _open(_request(url, body)) as answer:
        return json.load(answer)


def stream(url, body):
    """The events of a streamed answer, one dictionary each, until the stream ends."""
    with _open(_request(url, {**body, "stream": True})) as answer:
        # Transom writes each event's data on one line.
        for line in answer:
            if line.startswith(b"data: ") and line.strip() != b"data: [DONE]":
                yield json.loads(line[len(b"data: "):])


def answers(url, seconds=2):
    """Whether a GET of `url` is answered 200 within `seconds`."""
    try:
        with OPENER.open(url, timeout=seconds) as answer:
            return answer.status == 200
    except OSError:
        return False


def _request(url, body):
    return urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _open(request):
    try:
        return OPENER.open(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        raise Failure(f"{request.get_method()} {request.full_url} answered {error.code}: {text}") from None
