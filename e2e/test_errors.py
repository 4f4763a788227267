"""Errors as the official client shows them."""

import unittest

import openai

from support import MODEL, ask, client


class Errors(unittest.TestCase):
    def test_a_wrong_value_names_its_parameter(self):
        for body, param in (({"temperature": "hot"}, "temperature"), ({"max_output_tokens": -1}, "max_output_tokens")):
            with self.subTest(param), self.assertRaises(openai.BadRequestError) as caught:
                client.responses.create(model=MODEL, input="Say hello.", extra_body=body)
            error = caught.exception
            self.assertEqual((error.status_code, error.type, error.param), (400, "invalid_request_error", param))
            self.assertEqual(sorted(error.body), ["code", "message", "param", "type"])
            self.assertTrue(error.message)

    def test_an_unknown_response_is_not_found(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            client.responses.retrieve("resp_" + "0" * 32)
        self.assertEqual((caught.exception.status_code, caught.exception.type), (404, "invalid_request_error"))

    def test_an_unknown_route_is_an_error_object_too(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            client.get("/no-such-route", cast_to=object)
        self.assertIn("message", caught.exception.body)

    def test_every_error_has_a_request_id_to_quote(self):
        with self.assertRaises(openai.APIStatusError) as caught:
            client.responses.retrieve("resp_" + "0" * 32)
        self.assertTrue(caught.exception.request_id)

    def test_the_callers_request_id_comes_back(self):
        raw = client.responses.with_raw_response.create(
            model=MODEL, input="Say hello.", extra_headers={"x-request-id": "e2e-42"})
        self.assertEqual(raw.headers["x-request-id"], "e2e-42")

    def test_a_streamed_request_that_is_refused_raises_before_any_event(self):
        with self.assertRaises(openai.BadRequestError):
            ask("Say hello.", stream=True, previous_response_id="resp_" + "0" * 32)
