#!/usr/bin/env python3
"""A stand-in for `vllm`: serves a little and misbehaves on demand; the model's name says how.

    tiny       serves
    exit-N     ends at once with code N
    hang       never serves
    refuses    answers 401
    flood      prints much, then serves
    family     has descendants of every kind, then serves
    stubborn   ignores SIGTERM

A chat whose last message is `exit N` or `kill` ends it; `wait FILE` is answered once the file exists.
`--load-when FILE` serves only once the file exists.
"""

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FLOOD_LINES = 200_000
command, model, *options = sys.argv[1:]


def option(name):
    for place, text in enumerate(options):
        if text == name:
            return options[place + 1]
        if text.startswith(name + "="):
            return text.split("=", 1)[1]
    return None


def wait_for(gate):
    while gate and not os.path.exists(gate):
        time.sleep(0.01)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, kind, body):
        body = body.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if model == "refuses":
            self.answer(401, "application/json", '{"error":"Unauthorized"}')
        else:
            entry = {"id": model, "object": "model", "created": 1, "owned_by": "vllm"}
            listed = {"object": "list", "data": [entry]}
            self.answer(200, "application/json", json.dumps(listed))

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        word, _, what = str(request["messages"][-1]["content"]).partition(" ")
        if word == "exit":
            os._exit(int(what))
        if word == "wait":
            print("in progress", flush=True)
            wait_for(what)
        if word == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        base = {"id": "chatcmpl-1", "created": 1, "model": model}
        if request.get("stream"):
            delta = {"role": "assistant", "content": "Hello."}
            choices = [{"index": 0, "delta": delta, "finish_reason": "stop"}]
            chunk = {**base, "object": "chat.completion.chunk", "choices": choices}
            self.answer(200, "text/event-stream", f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n")
        else:
            message = {"role": "assistant", "content": "Hello."}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            whole = {**base, "object": "chat.completion", "choices": choices}
            self.answer(200, "application/json", json.dumps(whole))


print("arguments:", *sys.argv[1:], flush=True)
print("variables:", *sorted(name for name in os.environ if name.startswith("VR_")), flush=True)
if model.startswith("exit-"):
    sys.exit(int(model.removeprefix("exit-")))
if model == "hang":
    time.sleep(1000)
if model == "flood":
    for line in range(FLOOD_LINES):
        print(f"flood {line} {'x' * 100}")
if model == "family":
    # A plain child, one in a session of its own with a child, and one whose parent has ended.
    subprocess.Popen(["sleep", "1000"])
    subprocess.Popen(["sh", "-c", "sleep 1000 & sleep 1000; :"], start_new_session=True)
    subprocess.run(["sh", "-c", "setsid sleep 1000 &"], check=True)
if model == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
wait_for(option("--load-when"))
ThreadingHTTPServer((option("--host"), int(option("--port"))), Handler).serve_forever()
