"""Every data set there is: importing their modules lists them."""

from collections.abc import Sequence

from services.reports.open_data import feedback_sets, other_sets
from services.reports.open_data.datasets import DATASETS, Dataset

MODULES = (feedback_sets, other_sets)


def every() -> Sequence[Dataset]:
    return [DATASETS.get(code) for code in DATASETS.names()]
