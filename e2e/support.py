"""What the tests share: the client, the scripted model's lines, small readers."""

import os

import openai

MODEL = "scripted"
BASE_URL = os.environ["E2E_BASE_URL"]
WEATHER_TOOL = {
    "type": "function", "name": "get_weather", "description": "Get the weather", "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
STORY = " ".join(["Once upon a time a gateway met a model and they talked."] * 8)
HELLO = "Hello there, friend!"
COUNT = "one two three four five six seven eight nine ten"
PARIS, ROME_AND_OSLO = "What is the weather in Paris?", "What is the weather in Rome and Oslo?"
PARIS_IS_FINE = "The weather in Paris is fine."

# Retries would hide an error that a user would have waited for.
client = openai.OpenAI(base_url=BASE_URL, api_key="not-needed", max_retries=0, timeout=120)


def ask(text, /, **more):
    """A response of the scripted model to `text`."""
    return client.responses.create(model=MODEL, input=text, temperature=0, **more)


def stream(text, /, **more):
    """All events of a streamed response."""
    return list(client.responses.create(model=MODEL, input=text, temperature=0, stream=True, **more))


def answer(response):
    """The text of a response. vLLM leaves the blank line after the thoughts in it, llama.cpp does not."""
    return response.output_text.strip()


def thoughts(response):
    """The reasoning texts of a response, one an item."""
    return ["".join(part.text for part in item.content).strip() for item in response.output if item.type == "reasoning"]


def calls(response):
    """The function calls of a response, in order."""
    return [item for item in response.output if item.type == "function_call"]


def output_of(call, text="sunny"):
    """The input item that answers a function call."""
    return {"type": "function_call_output", "call_id": call.call_id, "output": text}
