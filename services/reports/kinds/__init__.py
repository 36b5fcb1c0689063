"""One file per kind of report: every module of this package is imported, which registers the kinds it has."""

from importlib import import_module
from pkgutil import iter_modules

from services.reports.kinds.base import KINDS

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["KINDS"]
