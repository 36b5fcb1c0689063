"""What the code can write to the audit log, read from its source: from each `audit.append` back through the functions
that hand an act on. What only a value at run time tells is a `*`: `feedback.{step.action}` is `feedback.*`.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[3]
UNKNOWN = "*"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Sink:
    """A parameter that becomes a value in the log. `template` is that value with `{}` where the parameter goes."""

    function: str
    parameter: str
    position: int | None
    template: str = "{}"


class Module:
    """A file, parsed only where it may call what is looked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text("utf-8")

    @cached_property
    def dotted(self) -> str:
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> dict[str, str]:
        """Dotted name of each thing that is imported from a package → its name here."""
        return {
            f"{node.module}.{each.name}": each.asname or each.name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for each in node.names
        }

    @cached_property
    def calls(self) -> dict[str, list[tuple[Function, ast.Call]]]:
        """Calls within functions by the words that are called: `append`, `audit.append`."""
        found: dict[str, list[tuple[Function, ast.Call]]] = defaultdict(list)
        for function in ast.walk(self.tree):
            if isinstance(function, Function):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call):
                        found[ast.unparse(node.func)].append((function, node))
        return found

    def constant(self, name: str) -> ast.expr | None:
        """What a name of the module was given, once; alone or in a row of them."""
        for node in self.tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                    return value
                case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                    for each, value in zip(names, values, strict=True):
                        if isinstance(each, ast.Name) and each.id == name:
                            return value
                case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if found == name:
                    return value
        return None


def walk(parameter: str) -> dict[str, set[str]]:
    """What is handed to this parameter of `audit.append`: each value, or pattern of values, with the files it is in."""
    everywhere = [Module(path) for top in ("libs", "services") for path in sorted((ROOT / top).rglob("*.py"))]
    found: dict[str, set[str]] = defaultdict(set)
    known: set[tuple[str, Sink]] = set()
    waiting = [("libs.common.audit", Sink("append", parameter, None))]
    while waiting:
        home, sink = waiting.pop()
        for module in everywhere:
            for function, call in _calls(module, home, sink.function):
                for value in _values(module, function, _argument(call, sink)):
                    if isinstance(value, str):
                        found[sink.template.format(value)].add(str(module.path.relative_to(ROOT)))
                        continue
                    handed = replace(value, template=sink.template.format(value.template))
                    if (module.dotted, handed) not in known:
                        known.add((module.dotted, handed))
                        waiting.append((module.dotted, handed))
    return dict(found)


def _calls(module: Module, home: str, function: str) -> list[tuple[Function, ast.Call]]:
    """Calls of a function of the module `home`: bare there and where it is imported, else by the module's name."""
    if module.dotted == home:
        return module.calls.get(function, [])
    if home.rpartition(".")[2] not in module.text or f"{function}(" not in module.text:
        return []
    found = []
    if (owner := module.imports.get(home)) is not None:
        found += module.calls.get(f"{owner}.{function}", [])
    if (name := module.imports.get(f"{home}.{function}")) is not None:
        found += module.calls.get(name, [])
    return found


def _argument(call: ast.Call, sink: Sink) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == sink.parameter:
            return keyword.value
    if sink.position is not None and sink.position < len(call.args):
        return call.args[sink.position]
    return None


def _values(module: Module, function: Function, value: ast.expr | None) -> Iterator[str | Sink]:
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from _values(module, function, one)
            yield from _values(module, function, other)
        case ast.JoinedStr(values=parts):
            yield from _joined(module, function, parts)
        case ast.Name(id=name):
            yield from _named(module, function, name)
        case ast.Subscript(value=ast.Name(id=name)) if isinstance(table := module.constant(name), ast.Dict):
            for each in table.values:
                yield from _values(module, function, each)
        case _:
            yield UNKNOWN


def _joined(module: Module, function: Function, parts: list[ast.expr]) -> Iterator[str | Sink]:
    made: list[str | Sink] = [""]
    for part in parts:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        made = [_with(left, right) for left in made for right in _values(module, function, inner)]
    yield from made


def _with(left: str | Sink, right: str | Sink) -> str | Sink:
    match left, right:
        case str(), str():
            return left + right
        case str(), Sink():
            return Sink(right.function, right.parameter, right.position, left + right.template)
        case Sink(), str():
            return Sink(left.function, left.parameter, left.position, left.template + right)
        case _:
            return UNKNOWN


def _named(module: Module, function: Function, name: str) -> Iterator[str | Sink]:
    given = [*function.args.posonlyargs, *function.args.args]
    for position, argument in enumerate(given):
        if argument.arg == name:
            yield Sink(function.name, name, position)
            return
    if any(argument.arg == name for argument in function.args.kwonlyargs):
        yield Sink(function.name, name, None)
        return
    told = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    ]
    for value in told or [module.constant(name)]:
        yield from _values(module, function, value)
