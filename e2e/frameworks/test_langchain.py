"""LangChain's ChatOpenAI over the Responses API."""

import unittest

import pydantic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from support import BASE_URL, COUNT, HELLO, HELLO_THOUGHT, KEY, MODEL, PARIS, PARIS_IS_FINE, ROME_AND_OSLO


@tool
def get_weather(city: str) -> str:
    """Get the weather"""
    return "sunny"


class Verdict(pydantic.BaseModel):
    """A verdict"""

    ok: bool
    n: int


def model(**more):
    return ChatOpenAI(
        model=MODEL, base_url=BASE_URL, api_key=KEY, use_responses_api=True, temperature=0, max_retries=0, **more)


def thoughts(message):
    blocks = (block for block in message.content if isinstance(block, dict) and block["type"] == "reasoning")
    return "".join(part["text"] for block in blocks for part in block.get("content") or []).strip()


class LangChain(unittest.TestCase):
    def test_a_message_holds_text_thoughts_usage_and_the_response_id(self):
        message = model().invoke("Say hello.")
        self.assertEqual((message.text.strip(), thoughts(message)), (HELLO, HELLO_THOUGHT))
        usage = message.usage_metadata
        self.assertEqual((usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]), (16, 26, 42))
        self.assertLess(usage["input_token_details"]["cache_read"], 16)
        self.assertTrue(message.response_metadata["id"].startswith("resp_"))
        self.assertEqual(message.response_metadata["status"], "completed")

    def test_a_stream_adds_up_to_the_message(self):
        whole = None
        for chunk in model().stream("Say hello."):
            whole = chunk if whole is None else whole + chunk
        self.assertEqual((whole.text.strip(), whole.usage_metadata["total_tokens"]), (HELLO, 42))
        self.assertTrue(whole.response_metadata["id"].startswith("resp_"))

    def test_tool_calls_are_made_and_answered(self):
        bound = model().bind_tools([get_weather])
        question = HumanMessage(PARIS)
        asked = bound.invoke([question])
        [call] = asked.tool_calls
        self.assertEqual((call["name"], call["args"]), ("get_weather", {"city": "Paris"}))
        answered = bound.invoke([question, asked, ToolMessage("sunny", tool_call_id=call["id"])])
        self.assertEqual((answered.text.strip(), answered.tool_calls), (PARIS_IS_FINE, []))

    def test_parallel_calls_of_a_stream_have_arguments_of_their_own(self):
        whole = None
        for chunk in model().bind_tools([get_weather]).stream(ROME_AND_OSLO):
            whole = chunk if whole is None else whole + chunk
        self.assertEqual([call["args"] for call in whole.tool_calls], [{"city": "Rome"}, {"city": "Oslo"}])
        self.assertEqual(len({call["id"] for call in whole.tool_calls}), 2)

    def test_the_last_response_is_continued_instead_of_sent_again(self):
        chain = model(use_previous_response_id=True)
        first = chain.invoke("Say hello.")
        second = chain.invoke([HumanMessage("Say hello."), first, HumanMessage("Count to ten.")])
        self.assertEqual(second.text.strip(), COUNT)
        self.assertGreater(second.usage_metadata["input_tokens"], first.usage_metadata["input_tokens"])

    def test_structured_output_is_the_callers_own_type(self):
        verdict = model().with_structured_output(Verdict, method="json_schema").invoke("Give JSON.")
        self.assertEqual(verdict, Verdict(ok=True, n=3))


if __name__ == "__main__":
    unittest.main()
