"""What is wrong with an answer, in a line."""

LONGEST = 160


def lines(error):
    """The places and reasons of an error, the most telling branch of alternatives only."""
    branches = getattr(error.kind, "context", None)
    if not branches:
        place = "/".join("*" if isinstance(step, int) else str(step) for step in error.instance_path)
        yield f"{place or '(whole)'}: {error.message[-LONGEST:]}"
        return
    yield from dict.fromkeys(line for inner in min(branches, key=_distance) for line in lines(inner))


def _distance(branch):
    """How far a branch is from what was meant: one with another `type` is the farthest."""
    wrong_kind = any(list(error.instance_path)[-1:] in (["type"], ["role"]) for error in branch)
    return wrong_kind, len(branch)
