"""Counting tokens with the model server's own tokenizer, by the official client."""

import unittest

from support import HELLO, MODEL, PARIS, WEATHER_TOOL, ask, client


def count(text, /, **more):
    return client.responses.input_tokens.count(model=MODEL, input=text, **more)


class Tokens(unittest.TestCase):
    def test_a_count_is_what_an_answer_costs(self):
        for text, more in [("Say hello.", {}), (PARIS, {"tools": [WEATHER_TOOL], "instructions": "Be brief."})]:
            counted, answered = count(text, **more), ask(text, **more)
            self.assertEqual(counted.object, "response.input_tokens")
            self.assertEqual(counted.input_tokens, answered.usage.input_tokens)

    def test_a_conversation_is_counted_whole_and_nothing_is_left_out_of_a_short_one(self):
        first = ask("Say hello.")
        second = {"previous_response_id": first.id, "truncation": "auto"}
        counted, answered = count("Say hello.", **second), ask("Say hello.", **second)
        self.assertEqual(counted.input_tokens, answered.usage.input_tokens)
        self.assertGreater(counted.input_tokens, first.usage.input_tokens)
        self.assertEqual((answered.truncation, answered.output_text.strip()), ("auto", HELLO))
        self.assertNotIn("transom", answered.model_extra)
