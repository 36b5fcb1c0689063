"""The platforms that can be played. A module or package here with a ``build(world)`` is one; nothing else lists it."""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from sandbox.platforms.base import Platform, World

Build = Callable[[World], Platform]


def load() -> list[Build]:
    found = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
    return [cast(Build, module.build) for module in found if hasattr(module, "build")]
