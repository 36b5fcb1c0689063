"""The catalogue for programs: Frictionless Data Package, CSV on the Web, DCAT 3. One list makes all."""

import json
from collections.abc import Sequence
from typing import Any

from libs.common.web import Site
from services.reports.open_data.datasets import DATASETS, Column, Dataset
from services.reports.open_data.files import dictionary
from services.reports.open_data.shelving import Entry

PAGE = "/du-lieu-mo"
CSV, JSON = "text/csv", "application/json"
Json = dict[str, Any]


def path_of(code: str, version: str, suffix: str) -> str:
    """`version`: a day, or `moi-nhat`."""
    return f"{PAGE}/{code}/{version}.{suffix}"


def datapackage(site: Site, entries: Sequence[Entry]) -> bytes:
    """https://specs.frictionlessdata.io/tabular-data-package"""
    told: Json = {
        "profile": "tabular-data-package",
        "name": "lan-toa-du-lieu-mo",
        "title": f"Dữ liệu mở: {site.publisher}",
        "homepage": site.url(PAGE),
        "resources": [_resource(site, entry) for entry in entries],
    }
    if site.licence and site.licence_url:
        told["licenses"] = [{"title": site.licence, "path": site.licence_url}]
    if entries:
        told |= {"version": max(entry.day for entry in entries), "created": max(entry.as_of for entry in entries)}
    return _json(told)


def _resource(site: Site, entry: Entry) -> Json:
    dataset = DATASETS.get(entry.dataset)
    return {
        "profile": "tabular-data-resource",
        "name": dataset.code,
        "title": dataset.title,
        "description": dataset.about,
        "path": site.url(path_of(dataset.code, entry.day, "csv")),
        "format": "csv",
        "mediatype": CSV,
        "encoding": "utf-8",
        "bytes": entry.csv_bytes,
        "hash": f"sha256:{entry.csv_sha256}",
        "schema": {
            "fields": [_field(column) for column in dataset.columns],
            "primaryKey": list(dataset.key),
            "missingValues": [""],
        },
    }


def _field(column: Column) -> Json:
    """What the specification has no word for stands under its own name, as it allows."""
    told = dict(dictionary(column))
    required = {} if column.missing else {"constraints": {"required": True}}
    return {**told, "description": column.formula or column.title, **required}


def csv_metadata(site: Site, dataset: Dataset) -> bytes:
    """https://www.w3.org/TR/tabular-metadata/: of the newest file; a reader finds it by the file's own address."""
    return _json(
        {
            "@context": ["http://www.w3.org/ns/csvw", {"@language": "vi"}],
            "url": site.url(path_of(dataset.code, "moi-nhat", "csv")),
            "dc:title": dataset.title,
            "dc:description": dataset.about,
            **({"dc:license": {"@id": site.licence_url}} if site.licence_url else {}),
            "tableSchema": {
                "columns": [_described(column) for column in dataset.columns],
                "primaryKey": list(dataset.key),
            },
        }
    )


def _described(column: Column) -> Json:
    told: Json = {
        "name": column.name,
        # The header of the file is the name itself; what people call it is its description.
        "titles": column.name,
        "dc:title": [_words(column.title), _words(column.title_en, "en")],
        "datatype": str(column.type),
        "required": column.missing is None,
    }
    words = [word for word in (column.formula, column.unit and f"đơn vị: {column.unit}", column.missing) if word]
    return told | ({"dc:description": "; ".join(words)} if words else {})


def dcat(site: Site, entries: Sequence[Entry]) -> bytes:
    """https://www.w3.org/TR/vocab-dcat-3/ as JSON-LD."""
    return _json(
        {
            "@context": {
                "dcat": "http://www.w3.org/ns/dcat#",
                "dct": "http://purl.org/dc/terms/",
                "foaf": "http://xmlns.com/foaf/0.1/",
                "spdx": "http://spdx.org/rdf/terms#",
                "xsd": "http://www.w3.org/2001/XMLSchema#",
            },
            "@id": site.url(PAGE),
            "@type": "dcat:Catalog",
            "dct:title": _words(f"Dữ liệu mở: {site.publisher}"),
            "dct:publisher": {"@type": "foaf:Agent", "foaf:name": site.publisher},
            "dcat:dataset": [_dataset(site, entry) for entry in entries],
        }
    )


def _dataset(site: Site, entry: Entry) -> Json:
    dataset = DATASETS.get(entry.dataset)
    files = (("csv", CSV, entry.csv_sha256, entry.csv_bytes), ("json", JSON, entry.json_sha256, entry.json_bytes))
    return {
        "@id": site.url(f"{PAGE}/{dataset.code}"),
        "@type": "dcat:Dataset",
        "dct:identifier": dataset.code,
        "dct:title": [_words(dataset.title), _words(dataset.title_en, "en")],
        "dct:description": [_words(dataset.about), _words(dataset.about_en, "en")],
        "dct:modified": {"@value": entry.as_of, "@type": "xsd:dateTime"},
        "dcat:version": entry.day,
        "dct:accrualPeriodicity": dataset.every,
        "dcat:distribution": [
            {
                "@id": site.url(path_of(dataset.code, entry.day, suffix)),
                "@type": "dcat:Distribution",
                "dcat:downloadURL": {"@id": site.url(path_of(dataset.code, entry.day, suffix))},
                "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{media}"},
                "dcat:byteSize": {"@value": str(size), "@type": "xsd:nonNegativeInteger"},
                "spdx:checksum": {
                    "@type": "spdx:Checksum",
                    "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
                    "spdx:checksumValue": {"@value": sha256, "@type": "xsd:hexBinary"},
                },
                **({"dct:license": {"@id": site.licence_url}} if site.licence_url else {}),
            }
            for suffix, media, sha256, size in files
        ],
    }


def _words(text: str, language: str = "vi") -> Json:
    return {"@value": text, "@language": language}


def _json(told: Json) -> bytes:
    return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"
