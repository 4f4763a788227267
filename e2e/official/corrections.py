"""Where the description differs from what api.openai.com answers.

Each correction with a `proof` names a recording of api.openai.com that fails without it; `check` proves that.
Those without one say why they stand here.
"""

import typing


class Correction(typing.NamedTuple):
    """A change of the description's schemas."""

    name: str
    apply: typing.Callable[[dict], None]
    # The recording, and the type of event in it that fails without the correction; None takes every answer.
    proof: typing.Optional[str] = None
    kind: typing.Optional[str] = None


def _nullable(schema, field):
    """`field` of `schema` may be null."""

    def apply(schemas):
        fields = _fields(schemas[schema], field)
        fields[field] = {"anyOf": [fields[field], {"type": "null"}]}

    return apply


def _fields(schema, field):
    """The properties that have `field`: those of the schema, or of a part of it."""
    parts = [schema, *schema.get("allOf", [])]
    return next(part["properties"] for part in parts if field in part.get("properties", {}))


def _nested_error(schemas):
    # An `error` event holds an error object. The SDKs' types and the description have its fields in the event
    # itself, and so have our streams; on a WebSocket, whose clients know the recorded form, it is nested.
    flat = schemas["ResponseErrorEvent"]
    nested = {
        "type": "object", "required": ["type", "error"],
        "properties": {"type": flat["properties"]["type"], "error": {"$ref": "#/components/schemas/Error"}},
    }
    schemas["ResponseErrorEvent"] = {"properties": flat["properties"], "anyOf": [flat, nested]}


def _no_request_id(schemas):
    # `request_id` is required of an answer to an approval request and described nowhere: not in this schema, not in
    # the guide, not in the SDKs. `approval_request_id` is meant, which is required as well.
    for name in ("MCPApprovalResponse", "MCPApprovalResponseResource"):
        schemas[name]["required"].remove("request_id")


WHOLE, STREAM = "responses/text-single", "responses/text-single-stream"

ALL = [
    # The three fields that name a user or a cache are null where the request has none.
    Correction("null user", _nullable("ModelResponseProperties", "user"), WHOLE),
    Correction("null safety_identifier", _nullable("ModelResponseProperties", "safety_identifier"), WHOLE),
    Correction("null prompt_cache_key", _nullable("ModelResponseProperties", "prompt_cache_key"), WHOLE),
    # A response that is being written has no usage yet.
    Correction("null usage", _nullable("Response", "usage"), STREAM),
    Correction("no request_id", _no_request_id),
    Correction("nested error", _nested_error, "responses/errors/context_length_exceeded-stream", "error"),
]
