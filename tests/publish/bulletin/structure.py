"""What WCAG 2.2 asks of a page's structure, as far as its markup shows it."""

import itertools

from lxml import html


def tree(page: bytes | str) -> html.HtmlElement:
    return html.document_fromstring(page.decode() if isinstance(page, bytes) else page)


def faults(page: html.HtmlElement, language: str) -> list[str]:
    """In words, one for each; empty where nothing is wrong."""
    levels = [int(heading.tag[1]) for heading in page.iter("h1", "h2", "h3")]
    ids = [node.get("id") for node in page.iter() if node.get("id")]
    named = {
        name
        for node in page.iter()
        for attribute in ("aria-labelledby", "aria-describedby", "for")
        for name in (node.get(attribute) or "").split()
    }
    skip = page.find("body")[0]
    checks = {
        "language": page.get("lang") == language,
        "title": bool((page.findtext(".//title") or "").strip()),
        "one main": len(page.findall(".//main")) == 1,
        "one h1": levels.count(1) == 1 and levels[0] == 1,
        "headings step by step": all(after <= before + 1 for before, after in itertools.pairwise(levels)),
        "skip link": skip.tag == "a" and page.get_element_by_id(skip.get("href")[1:]).tag == "main",
        "landmarks": bool(page.findall("body/header")) and bool(page.findall("body/footer")),
        "named navigation": all(nav.get("aria-label") or nav.get("aria-labelledby") for nav in page.iter("nav")),
        "links say where": all(link.text_content().strip() for link in page.iter("a")),
        "pictures have words": all(image.get("alt") for image in page.iter("img")),
        "ids once": len(ids) == len(set(ids)),
        "names exist": named <= set(ids),
        "fields have labels": _labelled(page),
        "no script": all(script.get("type") == "application/ld+json" for script in page.iter("script")),
        "no style by the way": not page.xpath("//*[@style]"),
    }
    return [name for name, is_so in checks.items() if not is_so]


def _labelled(page: html.HtmlElement) -> bool:
    told = {label.get("for") for label in page.iter("label")}
    return all(field.get("id") in told for field in page.iter("input", "select", "textarea"))
