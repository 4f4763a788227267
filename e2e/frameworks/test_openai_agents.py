"""OpenAI's Agents SDK for Python, with its Responses model over HTTP and over a WebSocket."""

import unittest

import agents
import openai
from agents.models.openai_responses import OpenAIResponsesWSModel

from support import BASE_URL, COUNT, HELLO, KEY, MODEL, PARIS, PARIS_IS_FINE, Weather

# Traces would go to OpenAI.
agents.set_tracing_disabled(True)


def client():
    return openai.AsyncOpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=120)


def agent(model, tools=()):
    return agents.Agent(
        name="Guide", model=model, tools=list(tools), model_settings=agents.ModelSettings(temperature=0))


def weather_tool(weather):
    @agents.function_tool(strict_mode=False)
    def get_weather(city: str) -> str:
        """Get the weather"""
        return weather.get(city)

    return get_weather


class Agents(unittest.IsolatedAsyncioTestCase):
    def model(self):
        return agents.OpenAIResponsesModel(MODEL, client())

    async def test_a_run_ends_with_the_answer_its_items_and_usage(self):
        result = await agents.Runner.run(agent(self.model()), "Say hello.")
        self.assertEqual(result.final_output.strip(), HELLO)
        self.assertEqual([item.type for item in result.new_items], ["reasoning_item", "message_output_item"])
        usage = result.context_wrapper.usage
        self.assertEqual((usage.requests, usage.output_tokens), (1, 26))
        self.assertEqual(usage.total_tokens, usage.input_tokens + usage.output_tokens)

    async def test_a_tool_is_called_and_its_result_answered(self):
        weather = Weather()
        result = await agents.Runner.run(agent(self.model(), [weather_tool(weather)]), PARIS)
        self.assertEqual((result.final_output.strip(), weather.asked), (PARIS_IS_FINE, ["Paris"]))
        kinds = [item.type for item in result.new_items if item.type != "reasoning_item"]
        self.assertEqual(kinds, ["tool_call_item", "tool_call_output_item", "message_output_item"])
        self.assertEqual(len(result.raw_responses), 2)

    async def test_a_streamed_run_tells_of_each_item_and_its_deltas_add_up(self):
        weather = Weather()
        result = agents.Runner.run_streamed(agent(self.model(), [weather_tool(weather)]), PARIS)
        names, text = [], ""
        async for event in result.stream_events():
            if event.type == "run_item_stream_event":
                names.append(event.name)
            elif event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                text += event.data.delta
        self.assertEqual(text.strip(), PARIS_IS_FINE)
        self.assertEqual((result.final_output.strip(), weather.asked), (PARIS_IS_FINE, ["Paris"]))
        wanted = ["tool_called", "tool_output", "message_output_created"]
        self.assertEqual([name for name in names if name in wanted], wanted)

    async def test_a_run_continues_the_stored_response_of_another(self):
        first = await agents.Runner.run(agent(self.model()), "Say hello.")
        second = await agents.Runner.run(
            agent(self.model()), "Count to ten.", previous_response_id=first.last_response_id)
        self.assertEqual(second.final_output.strip(), COUNT)
        stored = await client().responses.retrieve(second.last_response_id)
        self.assertEqual(stored.previous_response_id, first.last_response_id)

    async def test_a_conversation_holds_the_turns_of_a_session(self):
        session = agents.OpenAIConversationsSession(openai_client=client())
        for text, answer in (("Say hello.", HELLO), ("Count to ten.", COUNT)):
            result = await agents.Runner.run(agent(self.model()), text, session=session)
            self.assertEqual(result.final_output.strip(), answer)
        roles = [item["role"] for item in await session.get_items() if item.get("type", "message") == "message"]
        self.assertEqual(roles, ["user", "assistant"] * 2)


class AgentsOverASocket(Agents):
    """The same over one WebSocket a model."""

    def model(self):
        return OpenAIResponsesWSModel(MODEL, client())


if __name__ == "__main__":
    unittest.main()
