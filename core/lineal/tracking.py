"""A function as a run: every call is one, with its arguments as params."""

from __future__ import annotations

import functools
import inspect
import os
from enum import Enum
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import lineal
from lineal.errors import BadValue, LinealError
from lineal.rules.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lineal.facade.door import StrPath
    from lineal.records.base import Scalar
    from lineal.registry import Registry

_LONGEST = 500
_MOST_BITS = 14_000
_HANDLE = "run"

_P = ParamSpec("_P")
_R = TypeVar("_R")


def run(
    experiment: str | None = None,
    *,
    name: str | None = None,
    kind: str = "train",
    tags: Mapping[str, str] | None = None,
    registry: Registry | StrPath | None = None,
) -> Callable[[Callable[_P, _R]], Callable[..., _R]]:
    """Make every call of a function a run, which ends as the call does: a failure is recorded and raised again.

    The arguments are its params, defaults included. A `seed` among them is the run's seed. A function that has a
    parameter `run` is given the `RunHandle`, unless the caller passes one.

    Args:
        experiment: None for the function's name.
        name: of each run; None for made-up ones.
        kind: train, evaluate, transform or import.
        tags: of each run.
        registry: as for `lineal.start_run`.

    Raises:
        BadValue: it is put on what is no function whose calls have an end, such as a generator.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[..., _R]:
        if not callable(function) or inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise BadValue(field="lineal.run", value=str(function), why="it takes a function whose calls end")
        signature = inspect.signature(function)

        def start(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            bound = (signature.bind_partial if _HANDLE in signature.parameters else signature.bind)(*args, **kwargs)
            wants = _HANDLE in signature.parameters and _HANDLE not in bound.arguments
            bound.apply_defaults()
            found = params_of(signature, bound.arguments)
            seed = bound.arguments.get("seed")
            handle = lineal.start_run(
                experiment or function.__name__,
                params=found,
                tags=tags,
                name=name,
                kind=kind,
                seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
                registry=registry,
            )
            return handle, {**kwargs, _HANDLE: handle} if wants else kwargs

        if inspect.iscoroutinefunction(function):

            async def awaited(*args: Any, **kwargs: Any) -> Any:
                handle, passed = start(args, kwargs)
                with handle:
                    return await function(*args, **passed)

            wrapper: Callable[..., Any] = awaited
        else:

            def called(*args: Any, **kwargs: Any) -> Any:
                handle, passed = start(args, kwargs)
                with handle:
                    return function(*args, **passed)

            wrapper = called
        return functools.wraps(function)(wrapper)

    return decorate


def params_of(signature: inspect.Signature, arguments: Mapping[str, Any]) -> dict[str, Scalar]:
    """The arguments of a call as params: what is no scalar by its JSON if that is short, else by its type."""
    found: dict[str, Scalar] = {}
    for place, (name, parameter) in enumerate(signature.parameters.items()):
        if name not in arguments or name == _HANDLE or (place == 0 and name in {"self", "cls"}):
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            found |= {key: _scalar(value) for key, value in arguments[name].items() if key not in found}
        elif parameter.kind is not inspect.Parameter.VAR_POSITIONAL or arguments[name]:
            found[name] = _scalar(arguments[name])
    return found


def _scalar(value: Any) -> Scalar:
    if isinstance(value, Enum):
        value = value.value
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()  # NumPy's and torch's single numbers
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if value.bit_length() < _MOST_BITS else f"<int of {value.bit_length()} bits>"
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    if isinstance(value, list | tuple | dict):
        try:
            text = canonical_json(value)
        except (TypeError, ValueError, RecursionError, LinealError):
            text = ""  # its type must do
        if 0 < len(text) <= _LONGEST:
            return text
    kind = type(value)
    shape = getattr(value, "shape", None)
    return f"<{kind.__module__}.{kind.__qualname__}{f' {tuple(shape)}' if isinstance(shape, tuple) else ''}>"
