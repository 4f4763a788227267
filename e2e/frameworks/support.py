"""What the tests share: where Transom is, the scripted model's lines, the tool."""

import os

MODEL = "scripted"
BASE_URL = os.environ["E2E_BASE_URL"]
KEY = "not-needed"
HELLO, HELLO_THOUGHT = "Hello there, friend!", "A greeting is wanted."
COUNT = "one two three four five six seven eight nine ten"
PARIS, ROME_AND_OSLO = "What is the weather in Paris?", "What is the weather in Rome and Oslo?"
PARIS_IS_FINE = "The weather in Paris is fine."


class Weather:
    """A tool that notes what it is asked."""

    def __init__(self):
        self.asked = []

    def get(self, city):
        self.asked.append(city)
        return "sunny"
