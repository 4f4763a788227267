"""The chat pass-through and the model list, seen by the official client."""

import unittest

from support import HELLO, MODEL, PARIS, WEATHER_TOOL, client

CHAT_TOOL = {"type": "function", "function": {key: WEATHER_TOOL[key] for key in ("name", "description", "parameters")}}


def chat(text, **more):
    return client.chat.completions.create(
        model=MODEL, temperature=0, messages=[{"role": "user", "content": text}], **more)


def reasoning(message):
    """The engine's own field goes through untouched: vLLM says `reasoning`, llama.cpp `reasoning_content`."""
    extra = message.model_extra
    return extra.get("reasoning") or extra.get("reasoning_content") or ""


class Models(unittest.TestCase):
    def test_the_served_model_is_listed_and_can_be_retrieved(self):
        self.assertEqual([model.id for model in client.models.list()], [MODEL])
        self.assertEqual(client.models.retrieve(MODEL).object, "model")


class Chat(unittest.TestCase):
    def test_an_answer_comes_with_its_thoughts_and_usage(self):
        completion = chat("Say hello.")
        [choice] = completion.choices
        self.assertEqual((choice.message.content.strip(), choice.finish_reason), (HELLO, "stop"))
        self.assertEqual(reasoning(choice.message).strip(), "A greeting is wanted.")
        self.assertEqual((completion.usage.prompt_tokens, completion.usage.completion_tokens), (16, 26))

    def test_a_stream_adds_up_to_the_answer_and_shows_no_usage_that_was_not_asked_for(self):
        chunks = list(chat("Say hello.", stream=True))
        deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
        self.assertEqual("".join(delta.content or "" for delta in deltas).strip(), HELLO)
        self.assertEqual("".join(map(reasoning, deltas)).strip(), "A greeting is wanted.")
        self.assertEqual([c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason], ["stop"])
        self.assertEqual([chunk for chunk in chunks if chunk.usage], [])
        self.assertGreater(len(chunks), 10, "tokens should arrive one by one")

    def test_usage_that_was_asked_for_is_the_last_chunk(self):
        *chunks, last = chat("Say hello.", stream=True, stream_options={"include_usage": True})
        self.assertEqual((last.choices, last.usage.completion_tokens), ([], 26))
        self.assertTrue(all(chunk.choices for chunk in chunks))

    def test_a_streamed_tool_call_is_assembled_by_the_clients_helper(self):
        with client.chat.completions.stream(
            model=MODEL, temperature=0, messages=[{"role": "user", "content": PARIS}], tools=[CHAT_TOOL],
        ) as stream:
            [choice] = stream.get_final_completion().choices
        [call] = choice.message.tool_calls
        self.assertEqual((call.function.name, call.function.arguments), ("get_weather", '{"city": "Paris"}'))
        self.assertEqual(choice.finish_reason, "tool_calls")
