"""The two scenes of the demo: a continued conversation, and a tool round trip."""

import json

from kit import api, console
from kit.failure import Failure

INSTRUCTIONS = "You are a helpful assistant."
COMMON = {"instructions": INSTRUCTIONS, "max_output_tokens": 120, "temperature": 0}
WEATHER_TOOL = {
    "type": "function", "name": "get_weather", "description": "Get the weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def continued(base):
    """Asks SmolLM2, continues the stored answer, reads it back. Returns the last response."""
    console.heading("1. A conversation with a real model")
    console.paragraph(
        "SmolLM2-135M-Instruct is a real but very small model: it answers in prose, often wrongly, and cannot call "
        "tools. Each answer is streamed and stored. The second question sends only itself and "
        "previous_response_id: Transom adds the rest of the conversation."
    )
    first = _ask(base, "What is the capital of France?")
    second = _ask(base, "What is it famous for?", previous_response_id=first["id"])
    stored = api.get(f"{base}/responses/{second['id']}")
    if stored != second:
        raise Failure(f"The stored response differs from the streamed one:\n{stored}\n{second}")
    usage = stored["usage"] or {"input_tokens": "?", "output_tokens": "?"}
    console.say("Read back", f"GET /v1/responses/{stored['id']}", "yellow")
    console.note(
        f"status {stored['status']}, {usage['input_tokens']} tokens in, {usage['output_tokens']} out, "
        f"continues {stored['previous_response_id']}: the same as was streamed"
    )
    return second


def tool_round_trip(base):
    """The scripted model calls a tool, gets its output and answers."""
    console.heading("2. A tool call, with the scripted model")
    console.paragraph(
        "SmolLM2 cannot do this, so another model takes over: 4 MB, trained to know a few exchanges by heart. It "
        "understands nothing, but its thoughts, its tool call and its answer are really generated."
    )
    question = {"model": "scripted", "temperature": 0, "max_output_tokens": 150, "tools": [WEATHER_TOOL]}
    console.say("You", "What is the weather in Paris?", "cyan")
    console.note("offering the tool get_weather(city)")
    called = api.post(f"{base}/responses", {**question, "input": "What is the weather in Paris?"})
    calls = [item for item in called["output"] if item["type"] == "function_call"]
    if [call["name"] for call in calls] != ["get_weather"]:
        raise Failure(f"The scripted model should have called get_weather once: {json.dumps(called['output'])}")
    _show(called)
    output = '{"temp": 21}'
    console.say("This script", f"answers the call with {output}", "yellow")
    result = {"type": "function_call_output", "call_id": calls[0]["call_id"], "output": output}
    answered = api.post(f"{base}/responses", {**question, "input": [result], "previous_response_id": called["id"]})
    _show(answered)


def curl_lines(base, response):
    """Three commands to paste: a stream, a continued conversation, a stored response."""
    post = f"{base}/responses -H 'Content-Type: application/json' -d"
    stream = json.dumps({"model": "smollm2", "input": "Name three planets of the solar system.",
                         **COMMON, "stream": True})
    continuing = json.dumps({"model": "smollm2", "input": "Which river flows through it?",
                             "previous_response_id": response["id"], **COMMON})
    return [
        f"curl -sS -N {post} '{stream}'",
        f"curl -sS {post} '{continuing}'",
        f"curl -sS {base}/responses/{response['id']}",
    ]


def _ask(base, question, **more):
    """Streams one answer of SmolLM2 to the reader and returns the finished response."""
    console.say("You", question, "cyan")
    if more:
        console.note(f"continues {more['previous_response_id']}")
    voice = console.Voice("SmolLM2", "green")
    response = None
    for event in api.stream(f"{base}/responses", {"model": "smollm2", "input": question, **COMMON, **more}):
        if event["type"] == "response.output_text.delta":
            voice.write(event["delta"])
        elif event["type"] in ("response.completed", "response.incomplete", "response.failed"):
            response = event["response"]
    voice.end()
    if response is None or response["status"] == "failed" or not _text(response):
        raise Failure(f"The stream ended without an answer: {response}")
    console.note(f"stored as {response['id']}")
    print()
    return response


def _show(response):
    """Everything that a response of the scripted model holds, in order."""
    for item in response["output"]:
        if item["type"] == "reasoning":
            thought = "".join(part["text"] for part in item["content"] or [])
            console.say("Scripted model", f"thinks: {thought.strip()}", "dim")
        elif item["type"] == "function_call":
            console.say("Scripted model", f"calls {item['name']}({item['arguments']})", "green")
    if _text(response):
        console.say("Scripted model", _text(response), "green")
    console.note(f"stored as {response['id']}")


def _text(response):
    parts = [part for item in response["output"] if item["type"] == "message" for part in item["content"]]
    return "".join(part.get("text", "") for part in parts).strip()
