"""Single responses without a stream."""

import json
import unittest

import openai
import pydantic

from support import COUNT, HELLO, MODEL, STORY, answer, ask, client, thoughts

SCHEMA = {
    "type": "object", "properties": {"ok": {"type": "boolean"}, "n": {"type": "integer"}},
    "required": ["ok", "n"], "additionalProperties": False,
}


class Verdict(pydantic.BaseModel):
    ok: bool
    n: int


class Responses(unittest.TestCase):
    def test_a_response_holds_thoughts_then_the_message_and_summed_usage(self):
        response = ask("Say hello.")
        self.assertEqual((response.object, response.status, response.error), ("response", "completed", None))
        self.assertEqual([item.type for item in response.output], ["reasoning", "message"])
        self.assertEqual((thoughts(response), answer(response)), (["A greeting is wanted."], HELLO))
        message = response.output[1]
        self.assertEqual((message.role, message.status), ("assistant", "completed"))
        self.assertEqual([item.id.split("_")[0] for item in response.output], ["rs", "msg"])
        usage = response.usage
        self.assertEqual((usage.input_tokens, usage.output_tokens, usage.total_tokens), (16, 26, 42))
        self.assertGreaterEqual(response.completed_at, response.created_at)

    def test_settings_are_echoed(self):
        response = ask("Say hello.", metadata={"case": "7"}, instructions="Be kind.", max_output_tokens=64, top_p=1)
        self.assertEqual((response.model, response.metadata, response.instructions), (MODEL, {"case": "7"}, "Be kind."))
        self.assertEqual((response.temperature, response.max_output_tokens, response.top_p), (0, 64, 1))
        self.assertEqual((response.store, response.previous_response_id, response.tools), (True, None, []))

    def test_instructions_and_a_list_of_items_reach_the_model(self):
        items = [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "Say hello."},
            {"role": "assistant", "content": HELLO},
            {"role": "user", "content": [{"type": "input_text", "text": "Count to ten."}]},
        ]
        response = ask(items, instructions="You are a helpful assistant.")
        self.assertEqual(answer(response), COUNT)
        self.assertGreater(response.usage.input_tokens, ask("Count to ten.").usage.input_tokens + 20)

    def test_json_object_and_json_schema_answers_are_json(self):
        strict = {"type": "json_schema", "name": "verdict", "schema": SCHEMA, "strict": True}
        for form in ({"type": "json_object"}, strict):
            with self.subTest(form["type"]):
                response = ask("Give JSON.", text={"format": form})
                self.assertEqual(json.loads(answer(response)), {"ok": True, "n": 3})
                self.assertEqual(response.text.format.type, form["type"])

    def test_parse_gives_the_callers_own_type(self):
        response = client.responses.parse(model=MODEL, input="Give JSON.", temperature=0, text_format=Verdict)
        self.assertEqual(response.output_parsed, Verdict(ok=True, n=3))

    def test_an_answer_that_is_cut_says_so(self):
        response = ask("Tell a long story.", max_output_tokens=40)
        self.assertEqual((response.status, response.incomplete_details.reason), ("incomplete", "max_output_tokens"))
        self.assertTrue(STORY.startswith(answer(response)) and answer(response), answer(response))
        self.assertEqual((response.output[-1].status, response.usage.output_tokens), ("incomplete", 40))

    def test_what_should_not_be_stored_is_not(self):
        response = ask("Say hello.", store=False)
        self.assertEqual((answer(response), response.store), (HELLO, False))
        with self.assertRaises(openai.NotFoundError):
            client.responses.retrieve(response.id)
