"""Streamed responses: typed events, their order, and what is stored of them."""

import concurrent.futures
import unittest

from support import HELLO, MODEL, PARIS, STORY, WEATHER_TOOL, answer, calls, client, stream, thoughts

HELLO_EVENTS = [
    "response.created", "response.in_progress",
    "response.output_item.added", "response.content_part.added", "response.reasoning_text.delta",
    "response.reasoning_text.done", "response.content_part.done", "response.output_item.done",
    "response.output_item.added", "response.content_part.added", "response.output_text.delta",
    "response.output_text.done", "response.content_part.done", "response.output_item.done",
    "response.completed",
]


def without_repeats(names):
    """A run of one event name, such as deltas, counts once."""
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]


def joined(events, kind):
    return "".join(event.delta for event in events if event.type == kind)


class Stream(unittest.TestCase):
    def test_events_come_in_order_and_are_numbered_without_a_gap(self):
        events = stream("Say hello.")
        self.assertEqual(without_repeats([event.type for event in events]), HELLO_EVENTS)
        self.assertEqual([event.sequence_number for event in events], list(range(len(events))))
        self.assertGreater(sum(event.type == "response.output_text.delta" for event in events), 3)

    def test_deltas_add_up_to_the_final_object_and_that_is_what_was_stored(self):
        events = stream("Say hello.")
        final = events[-1].response
        self.assertEqual(joined(events, "response.output_text.delta"), final.output_text)
        self.assertEqual(joined(events, "response.reasoning_text.delta").strip(), thoughts(final)[0])
        self.assertEqual((answer(final), final.usage.output_tokens), (HELLO, 26))
        self.assertEqual(client.responses.retrieve(final.id).to_dict(), final.to_dict())
        self.assertEqual({event.response.id for event in events if hasattr(event, "response")}, {final.id})

    def test_the_clients_stream_helper_accumulates_the_same_response(self):
        with client.responses.stream(model=MODEL, input="Say hello.", temperature=0) as helper:
            snapshots = [event.snapshot for event in helper if event.type == "response.output_text.delta"]
            final = helper.get_final_response()
        self.assertEqual((snapshots[-1], answer(final)), (final.output_text, HELLO))

    def test_a_tool_call_streams_its_arguments(self):
        events = stream(PARIS, tools=[WEATHER_TOOL])
        [call] = calls(events[-1].response)
        [done] = [event for event in events if event.type == "response.function_call_arguments.done"]
        self.assertEqual(joined(events, "response.function_call_arguments.delta"), call.arguments)
        self.assertEqual((done.arguments, done.item_id), ('{"city": "Paris"}', call.id))
        added = [event.item.type for event in events if event.type == "response.output_item.added"]
        self.assertEqual(added, ["reasoning", "function_call"])

    def test_an_answer_that_is_cut_ends_with_incomplete(self):
        events = stream("Tell a long story.", max_output_tokens=40)
        final = events[-1].response
        self.assertEqual(events[-1].type, "response.incomplete")
        self.assertEqual(final.incomplete_details.reason, "max_output_tokens")
        self.assertEqual(client.responses.retrieve(final.id).to_dict(), final.to_dict())

    def test_the_stream_closes_with_done(self):
        with client.responses.with_streaming_response.create(
            model=MODEL, input="Say hello.", temperature=0, stream=True,
        ) as raw:
            lines = [line for line in raw.iter_lines() if line]
        self.assertEqual(lines[-1], "data: [DONE]")
        self.assertEqual(raw.headers["content-type"].split(";")[0], "text/event-stream")

    def test_streams_that_run_at_once_do_not_mix(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            runs = list(pool.map(stream, ["Tell a long story.", "Say hello."] * 4))
        self.assertEqual([answer(events[-1].response) for events in runs], [STORY, HELLO] * 4)
