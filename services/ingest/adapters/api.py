"""What source kinds share that are read through a platform's API: the answer as JSON, and why there is none to ask."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from services.ingest.adapters.base import NotParsable


def secret_of(key: SecretStr | None, platform: str) -> str:
    """Raises NotParsable where the installation has none: not observable, which is not the same as silent."""
    if key is None or not key.get_secret_value():
        raise NotParsable(
            f"Chưa khai báo khóa API của {platform}: không quan sát được", f"no API key of {platform} is set"
        )
    return key.get_secret_value()


def items_of(data: bytes, name: str, platform: str) -> list[Mapping[str, Any]]:
    """The objects of the list of that name. Raises NotParsable."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotParsable(f"Trả lời của {platform} không phải JSON", f"{platform} did not answer in JSON") from error
    items = told.get(name) if isinstance(told, dict) else None
    if not isinstance(items, list):
        raise NotParsable(f"Trả lời của {platform} không có danh sách", f"{platform} answered without a list")
    return [item for item in items if isinstance(item, dict)]


def text_at(item: Mapping[str, Any], *path: str) -> str | None:
    """The text that lies there; None for anything else."""
    found: Any = item
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found else None
