"""What is stored, continued, listed and deleted."""

import unittest

import openai

from support import COUNT, HELLO, answer, ask, client, stream


class Conversation(unittest.TestCase):
    def test_each_turn_carries_all_turns_before_it(self):
        first = ask("Say hello.")
        second = ask("Count to ten.", previous_response_id=first.id)
        third = ask("Say hello.", previous_response_id=second.id)
        self.assertEqual([answer(turn) for turn in (first, second, third)], [HELLO, COUNT, HELLO])
        tokens = [turn.usage.input_tokens for turn in (first, second, third)]
        # A question and its answer are more than 20 tokens; one forgotten turn would show.
        self.assertTrue(tokens[1] >= tokens[0] + 20 and tokens[2] >= tokens[1] + 20, tokens)

    def test_a_streamed_response_can_be_continued_and_branched(self):
        parent = stream("Say hello.")[-1].response
        branches = [ask("Count to ten.", previous_response_id=parent.id) for _ in range(2)]
        self.assertEqual([answer(branch) for branch in branches], [COUNT, COUNT])
        self.assertNotEqual(branches[0].id, branches[1].id)
        self.assertEqual(stream("Say hello.", previous_response_id=branches[0].id)[-1].response.status, "completed")

    def test_an_incomplete_response_can_be_continued(self):
        cut = ask("Tell a long story.", max_output_tokens=40)
        self.assertEqual(answer(ask("Count to ten.", previous_response_id=cut.id)), COUNT)

    def test_an_unknown_parent_is_named_in_the_error(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            ask("Say hello.", previous_response_id="resp_" + "0" * 32)
        error = caught.exception
        self.assertEqual((error.code, error.param), ("previous_response_not_found", "previous_response_id"))
        self.assertEqual(error.type, "invalid_request_error")


class Conversations(unittest.TestCase):
    def test_turns_of_a_conversation_carry_its_items(self):
        made = client.conversations.create(metadata={"kept": "yes"})
        turns = [ask(text, conversation=made.id) for text in ("Say hello.", "Count to ten.")]
        self.assertEqual([answer(turn) for turn in turns], [HELLO, COUNT])
        self.assertEqual({turn.conversation.id for turn in turns}, {made.id})
        self.assertGreaterEqual(turns[1].usage.input_tokens, turns[0].usage.input_tokens + 20)
        items = [item for item in client.conversations.items.list(made.id, limit=1, order="asc") if item.type == "message"]
        self.assertEqual([item.role for item in items], ["user", "assistant"] * 2)
        self.assertEqual(items[2].content[0].text, "Count to ten.")

    def test_items_are_added_and_deleted(self):
        made = client.conversations.create(items=[{"role": "user", "content": "Be kind."}])
        added = client.conversations.items.create(made.id, items=[{"role": "user", "content": "Be brief."}])
        note = client.conversations.items.retrieve(added.first_id, conversation_id=made.id)
        self.assertEqual(note.content[0].text, "Be brief.")
        self.assertEqual(client.conversations.items.delete(note.id, conversation_id=made.id).id, made.id)
        self.assertEqual(len(client.conversations.items.list(made.id).data), 1)

    def test_a_conversation_is_renamed_and_deleted(self):
        made = client.conversations.create()
        self.assertEqual(client.conversations.update(made.id, metadata={"a": "b"}).metadata, {"a": "b"})
        response = ask("Say hello.", conversation=made.id)
        self.assertTrue(client.conversations.delete(made.id).deleted)
        with self.assertRaises(openai.NotFoundError) as caught:
            client.conversations.retrieve(made.id)
        self.assertEqual(caught.exception.code, "conversation_not_found")
        self.assertEqual(client.responses.retrieve(response.id).to_dict(), response.to_dict())


class Store(unittest.TestCase):
    def test_a_stored_response_reads_back_as_it_was_given(self):
        response = ask("Say hello.", metadata={"kept": "yes"})
        self.assertEqual(client.responses.retrieve(response.id).to_dict(), response.to_dict())

    def test_input_items_are_listed_page_by_page(self):
        texts = ["Say hello.", "Be kind.", "Be brief.", "Count to ten."]
        response = ask([{"role": "user", "content": text} for text in texts])

        def listed(order):
            page = client.responses.input_items.list(response.id, limit=3, order=order)
            self.assertEqual((len(page.data), page.has_more), (3, True))
            # Iterating fetches the second page by itself.
            return [item.content[0].text for item in page]

        self.assertEqual(listed("asc"), texts)
        self.assertEqual(listed("desc"), texts[::-1])

    def test_a_deleted_response_is_gone(self):
        response = ask("Say hello.")
        client.responses.delete(response.id)
        for gone in (client.responses.retrieve, client.responses.delete, client.responses.input_items.list):
            with self.assertRaises(openai.NotFoundError):
                gone(response.id)

    def test_a_child_outlives_its_parent_but_cannot_be_continued(self):
        parent = ask("Say hello.")
        child = ask("Count to ten.", previous_response_id=parent.id)
        client.responses.delete(parent.id)
        self.assertEqual(answer(client.responses.retrieve(child.id)), COUNT)
        with self.assertRaises(openai.BadRequestError) as caught:
            ask("Say hello.", previous_response_id=child.id)
        self.assertEqual(caught.exception.code, "previous_response_not_found")
