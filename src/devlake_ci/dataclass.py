"""`@dataclass` without the wait: declaring a class compiles nothing.

The standard one writes the methods of each class as text and compiles them, 1 to 7 ms a class on
Python 3.11 (`dataclasses._create_fn`). For the classes behind a report that was more than half of
all that we add to click. Here the classes share methods, which look at the fields when they are
called. `dataclasses.fields`, `replace` and `asdict` work as ever, and type checkers see the
standard decorator.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")


def _dataclass(
    cls: type[T] | None = None, /, *, frozen: bool = False, kw_only: bool = False
) -> type[T] | Callable[[type[T]], type[T]]:
    """Do what `dataclasses.dataclass` does with the same arguments.

    It takes no other ones, and of `field` no `init=False`; nor is there a `__post_init__`.
    """

    def declare(cls: type[T]) -> type[T]:
        dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
        methods: dict[str, Any] = {"__init__": _init, "__repr__": _repr, "__eq__": _eq}
        methods["__hash__"] = _hash if frozen else None
        if frozen:
            methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        for name, method in methods.items():
            setattr(cls, name, method)
        return cls

    return declare(cls) if cls else declare


def _init(self: Any, /, *values: Any, **given: Any) -> None:  # noqa: ANN401 (each class's own)
    names, kind = self.__match_args__, type(self).__name__
    if len(values) > len(names):
        raise TypeError(f"{kind} takes {len(names)} positional arguments, not {len(values)}")
    if twice := given.keys() & set(names[: len(values)]):
        raise TypeError(f"{kind} got multiple values for {', '.join(sorted(twice))}")
    given.update(zip(names, values, strict=False))
    if unknown := given.keys() - self.__dataclass_fields__.keys():
        raise TypeError(f"{kind} got unexpected arguments: {', '.join(sorted(unknown))}")
    for name, field in self.__dataclass_fields__.items():
        if name not in given:
            given[name] = _default(field, kind)
    self.__dict__.update(given)


def _default(field: dataclasses.Field[Any], kind: str) -> Any:  # noqa: ANN401
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    raise TypeError(f"{kind} is missing the argument {field.name}")


def _values(self: Any) -> tuple[Any, ...]:  # noqa: ANN401
    return tuple(getattr(self, name) for name in self.__dataclass_fields__)


def _eq(self: object, other: object) -> bool:
    return _values(self) == _values(other) if type(self) is type(other) else NotImplemented


def _hash(self: object) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:  # noqa: ANN401
    shown = [each.name for each in self.__dataclass_fields__.values() if each.repr]
    values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({values})"


def _refuse_to_set(self: object, name: str, value: object) -> None:  # noqa: ARG001
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:  # noqa: ARG001
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 (exported)
else:
    dataclass = _dataclass
