"""Follows the opcodes of a pickle and builds descriptions where a loader would build objects: it imports nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT_KEPT: Final = 1 << 12
_NUMBER_KEPT: Final = 64
_IMPORTS: Final = 10_000
"""Different names that are kept."""

Value = Any
"""A number, a text, bytes, None, a tuple, a list, or one of the descriptions below."""


State = tuple[list[Value], dict[int, Value]]
"""A stack and a memo."""


class Odd(Exception):
    """Why the opcodes make no sense."""


class Unknown:
    """A value that cannot be known without loading."""


UNKNOWN: Final = Unknown()


class _Mark:
    pass


_MARK: Final = _Mark()


@dataclass(frozen=True, slots=True)
class Global:
    """A name of a module."""

    module: str
    name: str

    @property
    def full(self) -> str:
        """Both, joined."""
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Pairs:
    """A mapping, whose keys may be anything."""

    items: list[tuple[Value, Value]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Call:
    """Something called, and what it was given afterwards."""

    called: Value
    arguments: Value
    state: Value = None
    items: list[tuple[Value, Value]] = field(default_factory=list)
    appended: list[Value] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Persistent:
    """Something that lies outside of the pickle."""

    id: Value


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes of which only the number was kept."""

    length: int


class Machine:
    """A stack and a memo of descriptions."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.imports: dict[str, tuple[str, str]] = {}
        """Names that are imported, each with its module and name, in the order of their first use."""
        self.protocol = 0
        self.roots: list[Value] = []
        """What the pickles that were followed to their ends are."""
        self.raw: Call | None = None
        """An array of joblib's whose numbers follow in the middle of the pickle."""
        self._stack: list[Value] = []
        self._memo: dict[int, Value] = {}

    def begin(self) -> State:
        """Go on with another pickle; returns where this one was left."""
        state = (self._stack, self._memo)
        self._stack, self._memo = [], {}
        return state

    def resume(self, state: State) -> None:
        """Go on where a pickle was left."""
        self._stack, self._memo = state

    @property
    def root(self) -> Value:
        """What the largest pickle is of; of one that was not followed to its end what it has come to."""
        if self.roots:
            # what torch.save wrote before it took to zip files has three small ones in front: a number too long to be
            # kept, a version, and what the machine was like
            is_old_torch = len(self.roots) > 3 and isinstance(self.roots[0], Unknown)
            return self.roots[3 if is_old_torch else 0]
        return next((each for each in self._stack if isinstance(each, Call | Pairs | list | tuple)), UNKNOWN)

    def end(self) -> None:
        """The pickle is at its end."""
        if self._stack:
            self.roots.append(self._stack[-1])

    def do(self, opcode: str, argument: Value) -> None:
        """Follow one opcode.

        Raises:
            Odd: it takes what is not there.
        """
        step = self._steps.get(opcode)
        if step is None:
            self._push(_kept(argument))
            return
        try:
            step(self, argument)
        except (IndexError, KeyError) as error:
            raise Odd(f"{opcode} takes what is not there") from error

    def _push(self, value: Value) -> None:
        self._stack.append(value)

    def _pop(self) -> Value:
        value = self._stack.pop()
        if value is _MARK:
            raise Odd("a mark stands where a value is wanted")
        return value

    def _top(self) -> Value:
        value = self._stack[-1]
        if value is _MARK:
            raise Odd("a mark stands where a value is wanted")
        return value

    def _to_mark(self) -> list[Value]:
        values: list[Value] = []
        while (value := self._stack.pop()) is not _MARK:
            values.append(value)
        values.reverse()
        return values

    def _import(self, module: Value, name: Value) -> Value:
        if not isinstance(module, str) or not isinstance(name, str):
            module, name = "?", "a name that is made up while it is loaded"
        found = Global(module, name)
        if len(self.imports) < _IMPORTS:
            self.imports.setdefault(found.full, (module, name))
        return found

    # opcodes

    def _proto(self, argument: Value) -> None:
        self.protocol = max(self.protocol, argument)

    def _stack_global(self, _: Value) -> None:
        name, module = self._pop(), self._pop()
        self._push(self._import(module, name))

    def _global(self, argument: Value) -> None:
        module, _, name = argument.partition(" ")
        self._push(self._import(module, name))

    def _inst(self, argument: Value) -> None:
        module, _, name = argument.partition(" ")
        arguments = tuple(self._to_mark())
        self._push(Call(self._import(module, name), arguments))

    def _extension(self, argument: Value) -> None:
        self._push(self._import("?", f"extension {argument}"))

    def _obj(self, _: Value) -> None:
        called, *arguments = self._to_mark()
        self._push(Call(called, tuple(arguments)))

    def _reduce(self, _: Value) -> None:
        arguments, called = self._pop(), self._pop()
        self._push(Call(called, arguments))

    def _newobj_ex(self, _: Value) -> None:
        keywords, arguments, called = self._pop(), self._pop(), self._pop()
        del keywords
        self._push(Call(called, arguments))

    def _build(self, _: Value) -> None:
        state = self._pop()
        made = self._top()
        if isinstance(made, Call):
            made.state = state
            if isinstance(made.called, Global) and made.called.name == "NumpyArrayWrapper":
                self.raw = made

    def _append(self, _: Value) -> None:
        self._extend([self._pop()])

    def _appends(self, _: Value) -> None:
        self._extend(self._to_mark())

    def _extend(self, values: list[Value]) -> None:
        target = self._top()
        if isinstance(target, list):
            target.extend(values)
        elif isinstance(target, Call):
            target.appended.extend(values)

    def _setitem(self, _: Value) -> None:
        value, key = self._pop(), self._pop()
        self._update([key, value])

    def _setitems(self, _: Value) -> None:
        self._update(self._to_mark())

    def _update(self, flat: list[Value]) -> None:
        target = self._top()
        if isinstance(target, Pairs | Call):
            target.items.extend(zip(flat[::2], flat[1::2], strict=False))

    def _tuple(self, _: Value) -> None:
        self._push(tuple(self._to_mark()))

    def _tuple_of(self, count: int) -> None:
        values = [self._pop() for _ in range(count)]
        self._push(tuple(reversed(values)))

    def _put(self, argument: Value) -> None:
        self._memo[int(argument)] = self._top()

    def _persistent(self, argument: Value) -> None:
        self._push(Persistent(_kept(argument)))

    def _dup(self, _: Value) -> None:
        self._push(self._top())

    def _pop_mark(self, _: Value) -> None:
        self._to_mark()

    def _discard(self, _: Value) -> None:
        self._stack.pop()

    def _dict(self, _: Value) -> None:
        flat = self._to_mark()
        self._push(Pairs(list(zip(flat[::2], flat[1::2], strict=False))))

    def _frozenset(self, _: Value) -> None:
        self._push(tuple(self._to_mark()))

    def _addition(self, _: Value) -> None:
        self._to_mark()
        self._top()

    def _stop(self, _: Value) -> None:
        self._stack.append(self._pop())

    def _nothing(self, _: Value) -> None:
        pass

    _steps: ClassVar[dict[str, Callable[[Machine, Value], None]]] = {
        "PROTO": _proto,
        "FRAME": _nothing,
        "STOP": _stop,
        "MARK": lambda self, _: self._push(_MARK),
        "GLOBAL": _global,
        "STACK_GLOBAL": _stack_global,
        "INST": _inst,
        "OBJ": _obj,
        "REDUCE": _reduce,
        "NEWOBJ": _reduce,
        "NEWOBJ_EX": _newobj_ex,
        "BUILD": _build,
        "EXT1": _extension,
        "EXT2": _extension,
        "EXT4": _extension,
        "PERSID": _persistent,
        "BINPERSID": lambda self, _: self._push(Persistent(self._pop())),
        "NONE": lambda self, _: self._push(None),
        "NEWTRUE": lambda self, _: self._push(True),
        "NEWFALSE": lambda self, _: self._push(False),
        "EMPTY_TUPLE": lambda self, _: self._push(()),
        "EMPTY_LIST": lambda self, _: self._push([]),
        "EMPTY_DICT": lambda self, _: self._push(Pairs()),
        "EMPTY_SET": lambda self, _: self._push([]),
        "TUPLE": _tuple,
        "TUPLE1": lambda self, _: self._tuple_of(1),
        "TUPLE2": lambda self, _: self._tuple_of(2),
        "TUPLE3": lambda self, _: self._tuple_of(3),
        "LIST": lambda self, _: self._push(self._to_mark()),
        "DICT": _dict,
        "FROZENSET": _frozenset,
        "ADDITEMS": _addition,
        "APPEND": _append,
        "APPENDS": _appends,
        "SETITEM": _setitem,
        "SETITEMS": _setitems,
        "PUT": _put,
        "BINPUT": _put,
        "LONG_BINPUT": _put,
        "MEMOIZE": lambda self, _: self._memo.__setitem__(len(self._memo), self._top()),
        "GET": lambda self, argument: self._push(self._memo[int(argument)]),
        "BINGET": lambda self, argument: self._push(self._memo[argument]),
        "LONG_BINGET": lambda self, argument: self._push(self._memo[argument]),
        "POP": _discard,
        "POP_MARK": _pop_mark,
        "DUP": _dup,
        "NEXT_BUFFER": lambda self, _: self._push(UNKNOWN),
        "READONLY_BUFFER": _nothing,
    }


def _kept(value: Value) -> Value:
    """A value as far as it is worth keeping."""
    if isinstance(value, str):
        return value if len(value) <= _TEXT_KEPT else UNKNOWN
    if isinstance(value, bytes | bytearray):
        return bytes(value) if len(value) <= _NUMBER_KEPT else Blob(len(value))
    if isinstance(value, int) and value.bit_length() > _NUMBER_KEPT:
        return UNKNOWN
    return value
