"""Runs every `test_*.py` here and writes the counts to the file named as argument.

Started by `suites.py` with the Python that has the official client.
"""

import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent

tests = unittest.defaultTestLoader.discover(str(HERE))
result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
# A test that did not run has not passed.
bad = {getattr(test, "test_case", test).id() for test, _ in [*result.failures, *result.errors, *result.skipped]}
failed = len(bad) + len(result.unexpectedSuccesses)
passed = max(0, result.testsRun - failed)
pathlib.Path(sys.argv[1]).write_text(json.dumps({"passed": passed, "failed": failed}))
