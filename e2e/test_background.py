"""Background responses: polled, cancelled, streamed, left and taken up again by the official client."""

import time
import unittest

import openai

from support import MODEL, STORY, answer, client

LONG = "Tell a long story."
SECONDS = 60
# More than the model server works on at once, so that the last of them has to wait.
CROWD = 12


def begin(**more):
    """A response that is being made while nobody waits for it."""
    return client.responses.create(model=MODEL, input=LONG, temperature=0, background=True, **more)


def ended(response_id):
    """The response once it has ended, polled as OpenAI's guide does it."""
    deadline = time.monotonic() + SECONDS
    while (response := client.responses.retrieve(response_id)).status in ("queued", "in_progress"):
        if time.monotonic() > deadline:
            raise AssertionError(f"{response_id} is still {response.status}")
        time.sleep(0.05)
    return response


def text_of(events):
    return "".join(event.delta for event in events if event.type == "response.output_text.delta").strip()


class Polling(unittest.TestCase):
    def test_a_response_is_polled_until_it_is_complete(self):
        begun = begin()
        self.assertIn(begun.status, ("queued", "in_progress"))
        self.assertEqual((begun.background, begun.output), (True, []))
        response = ended(begun.id)
        self.assertEqual((response.status, response.background, answer(response)), ("completed", True, STORY))
        self.assertGreater(response.usage.output_tokens, 40)

    def test_it_can_be_continued_like_any_other(self):
        first = ended(begin().id)
        second = client.responses.create(
            model=MODEL, input="Say hello.", temperature=0, previous_response_id=first.id)
        self.assertGreater(second.usage.input_tokens, first.usage.output_tokens)

    def test_what_is_not_stored_cannot_be_polled_and_is_refused(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            begin(store=False)
        self.assertIn(caught.exception.param, ("background", "store"))


class Cancelling(unittest.TestCase):
    def test_a_running_response_is_cancelled_and_stays_so(self):
        crowd = [begin() for _ in range(CROWD)]
        last = crowd[-1].id
        cancelled = client.responses.cancel(last)
        self.assertEqual((cancelled.id, cancelled.status), (last, "cancelled"))
        self.assertEqual(client.responses.cancel(last), cancelled)
        self.assertEqual(client.responses.retrieve(last), cancelled)
        for begun in crowd[:-1]:
            self.assertEqual(ended(begun.id).status, "completed")

    def test_what_has_ended_or_never_was_in_the_background_cannot_be_cancelled(self):
        done = ended(begin().id)
        plain = client.responses.create(model=MODEL, input="Say hello.", temperature=0)
        for response in (done, plain):
            with self.assertRaises(openai.BadRequestError):
                client.responses.cancel(response.id)
            self.assertEqual(client.responses.retrieve(response.id).status, "completed")


class Resuming(unittest.TestCase):
    def leave_early(self):
        """The events up to the fifth of a stream that is left then."""
        seen = []
        with begin(stream=True) as stream:
            for event in stream:
                seen.append(event)
                if len(seen) == 5:
                    return seen

    def test_a_stream_that_was_left_goes_on_behind_the_last_event_seen(self):
        seen = self.leave_early()
        response_id, last = seen[0].response.id, seen[-1].sequence_number
        rest = list(client.responses.retrieve(response_id, stream=True, starting_after=last))
        numbers = [event.sequence_number for event in seen + rest]
        self.assertEqual(numbers, list(range(len(numbers))))
        self.assertEqual((rest[-1].type, text_of(seen + rest)), ("response.completed", STORY))
        self.assertEqual(rest[-1].response, client.responses.retrieve(response_id))

    def test_the_whole_stream_is_replayed_as_it_was(self):
        events = list(begin(stream=True))
        response_id = events[0].response.id
        self.assertEqual(list(client.responses.retrieve(response_id, stream=True)), events)
        self.assertEqual(list(client.responses.retrieve(response_id, stream=True, starting_after=2)), events[3:])

    def test_the_clients_helper_takes_a_stream_up_again(self):
        seen = self.leave_early()
        with client.responses.stream(
            response_id=seen[0].response.id, starting_after=seen[-1].sequence_number,
        ) as stream:
            final = stream.get_final_response()
        self.assertEqual((final.status, final.output_text.strip()), ("completed", STORY))
