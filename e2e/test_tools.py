"""Function tools: calls, their answers, and both ways of sending them back."""

import unittest

from support import PARIS, PARIS_IS_FINE, ROME_AND_OSLO, WEATHER_TOOL, answer, ask, calls, output_of, thoughts

TOOLS = [WEATHER_TOOL]


class Tools(unittest.TestCase):
    def test_one_call_is_an_item_of_its_own(self):
        response = ask(PARIS, tools=TOOLS)
        self.assertEqual((response.status, thoughts(response)), ("completed", ["I need the weather tool."]))
        self.assertEqual([item.type for item in response.output], ["reasoning", "function_call"])
        [call] = calls(response)
        self.assertEqual((call.name, call.arguments, call.status), ("get_weather", '{"city": "Paris"}', "completed"))
        self.assertTrue(call.id.startswith("fc_") and call.call_id, call)
        self.assertEqual((response.tools[0].name, response.tool_choice), ("get_weather", "auto"))

    def test_two_parallel_calls_keep_their_order_and_have_ids_of_their_own(self):
        response = ask(ROME_AND_OSLO, tools=TOOLS)
        found = calls(response)
        self.assertEqual([call.arguments for call in found], ['{"city": "Rome"}', '{"city": "Oslo"}'])
        self.assertEqual(len({call.call_id for call in found} | {call.id for call in found}), 4)

    def test_the_model_sees_the_answered_call_of_a_stored_response(self):
        asked = ask(PARIS, tools=TOOLS)
        response = ask([output_of(calls(asked)[0])], tools=TOOLS, previous_response_id=asked.id)
        # "Paris" stands only in the stored part of the conversation.
        self.assertEqual((answer(response), thoughts(response)), (PARIS_IS_FINE, ["The tool has answered."]))
        self.assertEqual(response.previous_response_id, asked.id)

    def test_two_calls_are_answered_together(self):
        asked = ask(ROME_AND_OSLO, tools=TOOLS)
        outputs = [output_of(call) for call in calls(asked)]
        response = ask(outputs, tools=TOOLS, previous_response_id=asked.id)
        self.assertEqual((response.status, thoughts(response)), ("completed", ["The tool has answered."]))
        self.assertEqual(calls(response), [])

    def test_a_client_that_keeps_the_conversation_itself_sends_the_items_back(self):
        question = {"role": "user", "content": PARIS}
        asked = ask([question], tools=TOOLS, store=False)
        own = [question, *(item.to_dict() for item in asked.output), output_of(calls(asked)[0])]
        self.assertEqual(answer(ask(own, tools=TOOLS, store=False)), PARIS_IS_FINE)
