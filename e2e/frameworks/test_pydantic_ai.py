"""Pydantic AI's Responses model."""

import unittest

import pydantic
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.messages import TextPart, ThinkingPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.openai import OpenAIResponsesModel, OpenAIResponsesModelSettings
from pydantic_ai.providers.openai import OpenAIProvider

from support import BASE_URL, COUNT, HELLO, HELLO_THOUGHT, KEY, MODEL, PARIS, PARIS_IS_FINE, Weather


class Verdict(pydantic.BaseModel):
    ok: bool
    n: int


def agent(output_type=str, **settings):
    model = OpenAIResponsesModel(MODEL, provider=OpenAIProvider(base_url=BASE_URL, api_key=KEY))
    return Agent(
        model, output_type=output_type, model_settings=OpenAIResponsesModelSettings(temperature=0, **settings))


def parts(result, kind):
    return [part for message in result.all_messages() for part in message.parts if isinstance(part, kind)]


class PydanticAI(unittest.IsolatedAsyncioTestCase):
    async def test_a_run_holds_text_thoughts_usage_and_the_response_id(self):
        result = await agent().run("Say hello.")
        self.assertEqual(result.output.strip(), HELLO)
        self.assertEqual([part.content.strip() for part in parts(result, TextPart)], [HELLO])
        [thought] = parts(result, ThinkingPart)
        self.assertIn(HELLO_THOUGHT, f"{thought.content} {thought.provider_details}")
        self.assertEqual((result.usage.input_tokens, result.usage.output_tokens), (16, 26))
        self.assertTrue(result.all_messages()[-1].provider_response_id.startswith("resp_"))

    async def test_a_tool_is_called_and_its_result_answered(self):
        weather, guide = Weather(), agent()

        @guide.tool_plain
        def get_weather(city: str) -> str:
            """Get the weather"""
            return weather.get(city)

        result = await guide.run(PARIS)
        self.assertEqual((result.output.strip(), weather.asked), (PARIS_IS_FINE, ["Paris"]))
        [call], [returned] = parts(result, ToolCallPart), parts(result, ToolReturnPart)
        self.assertEqual((call.tool_name, call.args_as_dict()), ("get_weather", {"city": "Paris"}))
        self.assertEqual((returned.tool_call_id, returned.content), (call.tool_call_id, "sunny"))

    async def test_a_stream_adds_up_to_the_output(self):
        async with agent().run_stream("Say hello.") as result:
            pieces = [piece async for piece in result.stream_text(delta=True, debounce_by=None)]
        self.assertEqual("".join(pieces).strip(), HELLO)
        self.assertGreater(len(pieces), 3, "tokens should arrive one by one")

    async def test_the_history_goes_on_by_the_id_of_the_last_response(self):
        guide = agent(openai_previous_response_id="auto")
        first = await guide.run("Say hello.")
        second = await guide.run("Count to ten.", message_history=first.all_messages())
        self.assertEqual(second.output.strip(), COUNT)
        self.assertGreater(second.usage.input_tokens, first.usage.input_tokens)

    async def test_structured_output_is_the_callers_own_type(self):
        result = await agent(NativeOutput(Verdict)).run("Give JSON.")
        self.assertEqual(result.output, Verdict(ok=True, n=3))


if __name__ == "__main__":
    unittest.main()
