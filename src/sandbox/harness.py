"""Runs one job: the code, then its tests, which see what the code defined but not what it did to the language.

Works in CPython and in Pyodide. `run` never raises; what it returns says how the job ended.
"""

import ast
import builtins
import io
import json
import os
import sys
import traceback
import types

SOLUTION, TESTS = "<solution>", "<tests>"
MOST_ERROR = 2000
STDLIB = os.path.dirname(ast.__file__)
C_METHODS = (types.WrapperDescriptorType, types.MethodDescriptorType, types.BuiltinFunctionType)


def own(method):
    """True of a method that was written by the code or its tests: neither in C nor in the standard library."""
    if isinstance(method, types.FunctionType):
        return not method.__code__.co_filename.startswith((STDLIB, "<frozen "))
    return not isinstance(method, C_METHODS)


def decides(value, names, depth=0):
    """True when a value, or one inside it, is of a class that decides by code of its own what it is equal to."""
    for name in names:
        for kind in type(value).__mro__:
            if name in vars(kind):
                if own(vars(kind)[name]):
                    return True
                break
    if depth == 8:
        return False
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(decides(item, names, depth + 1) for item in list(value)[:1000])
    return False


EQUALITY = ("__eq__", "__ne__")
ORDER = ("__lt__", "__le__", "__gt__", "__ge__", *EQUALITY)


def fair(left, right, names=EQUALITY, both=True):
    """A class of the solution may compare its own kind. Compared with a plain value, it would judge itself."""
    one, other = decides(left, names), decides(right, names)
    if one != other and (one or both):
        raise AssertionError("a class of the solution decides whether it equals the expected value")


class Fair(ast.NodeTransformer):
    """Has every comparison of the tests checked with `fair`; operands are still evaluated once, in order."""

    checks = {ast.Eq: (EQUALITY, True), ast.NotEq: (EQUALITY, True), ast.In: (EQUALITY, False), ast.NotIn: (EQUALITY, False)}

    def visit_Compare(self, node):
        self.generic_visit(node)
        if len(node.ops) != 1:
            return node
        names, both = self.checks.get(type(node.ops[0]), (ORDER, True))
        if isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            return node
        # compare(left, right, names, both, lambda a, b: a == b)
        a, b = (ast.arg(arg=name) for name in ("a", "b"))
        arguments = ast.arguments(posonlyargs=[], args=[a, b], kwonlyargs=[], kw_defaults=[], defaults=[])
        load = ast.Load()
        compared = ast.Compare(ast.Name("a", load), node.ops, [ast.Name("b", load)])
        call = ast.Call(
            ast.Name("__fairly__", load),
            [node.left, node.comparators[0], ast.Constant(names), ast.Constant(both), ast.Lambda(arguments, compared)],
            [],
        )
        return ast.copy_location(call, node)


def fairly(left, right, names, both, compare):
    fair(left, right, names, both)
    return compare(left, right)


def functions(modules):
    """Functions and classes of modules, as they are now."""
    return [
        (vars(module), module.__name__, name, value)
        for module in modules
        if isinstance(module, types.ModuleType) and module.__name__ not in ("sys", "__main__")
        for name, value in list(vars(module).items())
        if callable(value)
    ]


def replaced(before):
    for names, module, name, value in before:
        if names.get(name) is not value:
            return f"{module}.{name}"
    return None


def unit_tests(names):
    """What a test runner would find: functions `test...` without arguments, and classes of unittest."""
    for name, value in list(names.items()):
        mine = isinstance(value, types.FunctionType) and value.__code__.co_filename == TESTS
        if mine and name.startswith("test") and value.__code__.co_argcount == 0:
            result = value()
            if isinstance(result, types.CoroutineType):
                import asyncio

                asyncio.run(result)
    unittest = sys.modules.get("unittest")
    if not unittest:
        return
    plain = unittest.TestCase.assertEqual

    def assert_equal(self, first, second, msg=None):
        fair(first, second)
        return plain(self, first, second, msg)

    for value in list(names.values()):
        if isinstance(value, type) and issubclass(value, unittest.TestCase) and value is not unittest.TestCase:
            value.assertEqual = assert_equal
            result = unittest.TestResult()
            unittest.defaultTestLoader.loadTestsFromTestCase(value).run(result)
            for _, text in result.failures + result.errors:
                raise AssertionError(text.strip().splitlines()[-1])


def told(error, texts):
    """The error in a line, with the line of the solution or the tests that it came from."""
    said = "".join(traceback.format_exception_only(error)).strip()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in texts:
            lines = texts[frame.filename].splitlines()
            line = lines[frame.lineno - 1].strip() if frame.lineno and frame.lineno <= len(lines) else ""
            said += f"\nin line {frame.lineno} of the {frame.filename[1:-1]}: {line}"
            break
    return said[:MOST_ERROR].encode("utf-8", "replace").decode("utf-8")


def run(job, pristine=None):
    code, tests = job["code"], job.get("tests")
    texts = {SOLUTION: code, TESTS: tests or ""}
    sys.stdin = io.StringIO(job.get("stdin") or "")
    before = pristine or functions(list(sys.modules.values()))
    plain = dict(vars(builtins))
    kept = dict(plain)
    names = {"__name__": "__main__" if tests is None else "solution", "__builtins__": builtins}
    report = {"ended": "ok"}
    try:
        judged = None
        if tests is not None:
            if "unittest" in tests:
                import unittest
            judged = compile(ast.fix_missing_locations(Fair().visit(ast.parse(tests, TESTS))), TESTS, "exec")
        exec(compile(code, SOLUTION, "exec"), names)
        if judged is not None:
            for name, value in plain.items():
                setattr(builtins, name, value)
            names = {**names, "__name__": "tests", "__builtins__": plain, "__fairly__": fairly}
            exec(judged, names)
            unit_tests(names)
            changed = replaced(before)
            if names["__fairly__"] is not fairly or any(plain.get(name) is not value for name, value in kept.items()):
                changed = "what the tests compare with"
            if changed:
                raise AssertionError(f"the solution replaced {changed}")
    except SystemExit as left:
        if tests is not None:
            report = {"ended": "failed", "error": "the code ended the interpreter before its tests were over"}
        elif left.code not in (None, 0):
            report = {"ended": "failed", "error": f"exit code {left.code}"[:MOST_ERROR]}
    except MemoryError as error:
        report = {"ended": "memory", "error": told(error, texts)}
    except ModuleNotFoundError as error:
        report = {"ended": "failed", "error": told(error, texts)}
        if error.name:
            report["missing"] = error.name.split(".")[0][:100]
    except BaseException as error:
        report = {"ended": "failed", "error": told(error, texts)}
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass
    return report
