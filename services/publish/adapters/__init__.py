"""One file per platform: every module of this package is imported, which registers the channels it has."""

from importlib import import_module
from pkgutil import iter_modules

from services.publish.adapters.base import CHANNELS

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["CHANNELS"]
