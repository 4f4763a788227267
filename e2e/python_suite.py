"""Runs every `test_*.py` of a folder and writes the counts to a file: `python_suite.py FOLDER FILE`.

Started by `suites.py` with the Python that has the clients.
"""

import json
import pathlib
import sys
import unittest

folder, counts = sys.argv[1:]
tests = unittest.defaultTestLoader.discover(folder)
result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
# A test that did not run has not passed.
bad = {getattr(test, "test_case", test).id() for test, _ in [*result.failures, *result.errors, *result.skipped]}
failed = len(bad) + len(result.unexpectedSuccesses)
passed = max(0, result.testsRun - failed)
pathlib.Path(counts).write_text(json.dumps({"passed": passed, "failed": failed}))
