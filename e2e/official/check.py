"""Proves the corrections, then checks every answer. Arguments: the folder of answers, the shared folder or ''.

Started by `../validate` with the Python that has the validator.
"""

import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from official import answers, explain
from official.corrections import ALL
from official.document import Document, Unknown, load

MOST_SHOWN = 60
# What model servers answer when they are asked for a response themselves.
FOREIGN = (
    "cassettes/upstream_responses/qwen35a3b-responses-text-nonstream.yaml",
    "recordings/vllm-0.32.0-scripted/responses.json",
    "recordings/vllm-0.32.0-scripted/responses_stream.json",
    "recordings/llama-server-tiny-scripted/responses_think_stream.json",
)


def main(folder, shared):
    description = load()
    passed, failed = _proofs(description, pathlib.Path(shared)) if shared else (0, 0)
    good, bad = _check(Document(description, ALL), folder)
    print(f"\n{passed + good} passed, {failed + bad} failed", flush=True)
    return 1 if failed + bad else 0


def _check(document, folder):
    """Counts good and bad answers; says what is wrong, alike things together. A form of answer that nobody wrote
    down is wrong too: then nothing of it was checked."""
    good, wrong, bad, absent = collections.Counter(), collections.defaultdict(list), 0, {"body", "event", "message"}
    for answer in answers.read(folder):
        absent.discard(answer.form)
        problems = _problems(document, answer)
        bad += bool(problems)
        for problem in problems:
            wrong[problem].append(answer.test)
        if not problems:
            good[_name(document, answer)] += 1
    for name, count in sorted(good.items()):
        print(f"{count:6} {name}")
    for problem, tests in list(wrong.items())[:MOST_SHOWN]:
        print(f"{problem} ({len(tests)} answers, such as in {tests[0]})")
    for form in sorted(absent):
        print(f"{folder} holds no {form}: nothing of that form was checked")
    return good.total(), bad + len(absent)


def _problems(document, answer):
    try:
        schema = document.schema_of(answer)
    except Unknown as unknown:
        return [f"not described: {unknown}"]
    if schema is None:
        return []
    found = (line for error in document.errors(schema, answer.json) for line in explain.lines(error))
    return [f"{schema} {line}" for line in dict.fromkeys(found)]


def _name(document, answer):
    schema = document.schema_of(answer)
    return schema or f"{answer.method} {answer.path.split('/')[2]}: no schema is published"


def _proofs(description, shared):
    """Counts what is proved. Each correction's recording fails without it and passes with it. What a model server
    says by itself does not follow the description, so it fails: the check can fail."""
    whole, passed, wrong = Document(description, ALL), 0, []
    for correction in ALL:
        if correction.proof is None:
            continue
        without = Document(description, [other for other in ALL if other is not correction])
        proving = answers.recorded(shared / "cassettes" / f"{correction.proof}.yaml")
        proving = [answer for answer in proving if correction.kind in (None, answer.json.get("type"))]
        held = [problem for answer in proving for problem in _problems(whole, answer)]
        broken = [problem for answer in proving for problem in _problems(without, answer)]
        if broken and not held:
            passed += 1
        else:
            wrong.append(f"{correction.name}: {correction.proof} does not prove it ({held[:1]})")
    for name in FOREIGN:
        if any(_problems(whole, answer) for answer in answers.recorded(shared / name)):
            passed += 1
        else:
            wrong.append(f"{name}: a model server's own response passes, so the check checks nothing")
    print(f"{passed} proofs: corrections of the description, and model servers that do not follow it")
    for line in wrong:
        print(line)
    return passed, len(wrong)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2]))
