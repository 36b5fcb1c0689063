"""NewsML-G2 2.34, one newsItem for a version; qcodes resolve through IPTC's catalog."""

import re

from lxml import etree
from lxml.etree import _Element

from services.publish import measure
from services.publish.presskit.edition import MADE_BY_AI, SOURCE_TYPES, Edition
from services.publish.presskit.mediatopics import TOPICS

NAR, XHTML = "http://iptc.org/std/nar/2006-10-01/", "http://www.w3.org/1999/xhtml"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
CATALOG = "http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_41.xml"
STANDARD_VERSION = "2.34"
NOT_XML = re.compile("[^\\t\\n\\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def written(edition: Edition) -> bytes:
    """UTF-8, with its declaration."""
    root = etree.Element(f"{{{NAR}}}newsItem", nsmap={None: NAR})  # type: ignore[dict-item]
    told = {"guid": edition.uri, "version": str(edition.version), "standard": "NewsML-G2"}
    for name, value in (told | {"standardversion": STANDARD_VERSION, "conformance": "power"}).items():
        root.set(name, value)
    root.set(XML_LANG, edition.payload["language"])
    _add(root, "catalogRef", href=CATALOG)
    _rights(root, edition)
    _item_meta(root, edition)
    _content_meta(root, edition)
    if not edition.is_killed:
        _content(root, edition)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _add(parent: _Element, name: str, text: str | None = None, **attributes: str) -> _Element:
    made = etree.SubElement(parent, f"{{{NAR}}}{name}", attributes)
    made.text = allowed(text) if text is not None else None
    return made


def allowed(text: str) -> str:
    """Without the control characters that XML 1.0 has no way to write."""
    return NOT_XML.sub("", measure.nfc(text))


def _rights(root: _Element, edition: Edition) -> None:
    rights = _add(root, "rightsInfo")
    holder = _add(rights, "copyrightHolder")
    _add(holder, "name", edition.masthead.publisher)
    _add(rights, "copyrightNotice", f"© {edition.first_created_at.year} {edition.masthead.publisher}")
    _add(rights, "usageTerms", edition.masthead.usage_terms)


def _item_meta(root: _Element, edition: Edition) -> None:
    meta = _add(root, "itemMeta")
    _add(meta, "itemClass", qcode="ninat:text")
    _add(_add(meta, "provider"), "name", edition.masthead.publisher)
    _add(meta, "versionCreated", edition.created_at.isoformat())
    _add(meta, "firstCreated", edition.first_created_at.isoformat())
    if edition.embargoed_until is not None:
        _add(meta, "embargoed", edition.embargoed_until.isoformat())
    _add(meta, "pubStatus", qcode=f"stat:{edition.status}")
    if edition.ednote:
        _add(meta, "edNote", edition.ednote)


def _content_meta(root: _Element, edition: Edition) -> None:
    meta = _add(root, "contentMeta")
    _add(meta, "urgency", str(edition.urgency))
    if edition.masthead.place and not edition.is_killed:
        _add(_add(meta, "located"), "name", edition.masthead.place)
    if edition.source_type and not edition.is_killed:
        _add(meta, "digitalSourceType", uri=SOURCE_TYPES + edition.source_type)
    _add(meta, "creditline", edition.source_line)
    for code in edition.masthead.subjects:
        _add(_add(meta, "subject", qcode=f"medtop:{code}"), "name", TOPICS[code])
    _add(meta, "slugline", edition.payload["slug"])
    _add(meta, "headline", edition.payload["headline"])
    if edition.payload.get("summary") and not edition.is_killed:
        _add(meta, "description", edition.payload["summary"], role="drol:summary")


def _content(root: _Element, edition: Edition) -> None:
    inline = _add(_add(root, "contentSet"), "inlineXML", contenttype="application/xhtml+xml")
    html = etree.SubElement(inline, f"{{{XHTML}}}html", nsmap={None: XHTML})  # type: ignore[dict-item]
    etree.SubElement(etree.SubElement(html, f"{{{XHTML}}}head"), f"{{{XHTML}}}title").text = allowed(
        edition.payload["headline"]
    )
    body = etree.fromstring(f'<body xmlns="{XHTML}">{allowed(edition.paragraphs).replace("<br>", "<br/>")}</body>')
    html.append(body)
    for picture in edition.payload["pictures"]:
        _figure(body, edition, picture)


def _figure(body: _Element, edition: Edition, picture: dict[str, object]) -> None:
    """What the page shows, with its description and who made it."""
    largest = picture["renditions"][0]  # type: ignore[index]
    figure = etree.SubElement(body, f"{{{XHTML}}}figure")
    alt = allowed(str(picture["alt"]))
    if largest["mime"].startswith("video/"):
        etree.SubElement(figure, f"{{{XHTML}}}a", href=edition.file(largest)).text = alt
    else:
        etree.SubElement(figure, f"{{{XHTML}}}img", src=edition.file(largest), alt=alt)
    words = [str(picture[name]) for name in ("credit", "ai_label") if picture.get(name)]
    if picture.get("ai_label"):
        words.append(SOURCE_TYPES + MADE_BY_AI)
    if words:
        etree.SubElement(figure, f"{{{XHTML}}}figcaption").text = allowed(" · ".join(words))
