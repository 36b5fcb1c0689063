"""The official schemas in force: what they refuse and in which words, and that the reference library says the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.platforms.bluesky.lexicon import Invalid, Lexicons, UnknownLexicon
from tests.sandbox import npm
from tests.sandbox.city import AT, KEYS, POST, City
from tests.sandbox.lexicon_samples import STRICTER, URI, WHOLE, Sample, all_samples

LEXICONS = Lexicons()
LIBRARY = Path(__file__).with_name("library.mjs")
FOLDER = Path(__file__).parents[2] / "sandbox" / "platforms" / "bluesky" / "lexicons"
CHECKS: dict[str, Callable[[str, dict[str, Any]], None]] = {
    "record": LEXICONS.check_record,
    "input": LEXICONS.check_input,
    "params": LEXICONS.check_params,
}


def judged(sample: Sample) -> str | None:
    kind, nsid, value = sample
    try:
        CHECKS[kind](nsid, value)
    except Invalid as wrong:
        return str(wrong)
    return None


def version() -> str:
    """Of the package the schemas were taken from."""
    return (FOLDER / "README.md").read_text("utf-8").split("`@atproto/api`")[1].split()[0]


@pytest.mark.parametrize("sample", WHOLE, ids=lambda s: s[1])
def test_what_is_whole_passes(sample: Sample) -> None:
    assert judged(sample) is None


@pytest.mark.parametrize(("sample", "words"), STRICTER, ids=lambda s: str(s)[:40])
def test_what_the_reference_server_refuses_beyond_the_library(sample: Sample, words: str) -> None:
    assert words in str(judged(sample))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"limit": ["7"], "reverse": ["true"]}, {"limit": 7, "reverse": True}),
        ({}, {"limit": 50}),
        ({"limit": [""], "cursor": ["a"], "other": ["b"]}, {"limit": 50, "cursor": "a", "other": "b"}),
        ({"limit": ["0"]}, "limit can not be less than 1"),
        ({"limit": ["101"]}, "limit can not be greater than 100"),
        ({"limit": ["bảy"]}, "limit must be an integer"),
        ({"limit": ["7", "8"]}, "limit must be an integer"),
        ({"reverse": ["1"]}, "reverse must be a boolean"),
        ({"collection": [""]}, 'Params must have the property "collection"'),
        ({"repo": ["không"]}, "repo must be a valid did or a handle"),
    ],
)
def test_parameters_are_read_as_their_types(given: dict[str, list[str]], read: dict[str, Any] | str) -> None:
    asked = {"repo": ["a.test"], "collection": [POST], **given}
    if isinstance(read, str):
        with pytest.raises(Invalid) as wrong:
            LEXICONS.params("com.atproto.repo.listRecords", asked)
        assert str(wrong.value) == read
    else:
        assert LEXICONS.params("com.atproto.repo.listRecords", asked) == {"repo": "a.test", "collection": POST, **read}


def test_a_schema_that_is_not_here_is_named() -> None:
    assert "app.bsky.feed.generator" not in LEXICONS
    with pytest.raises(UnknownLexicon, match="not found: lex:app"):
        LEXICONS.check_record("app.bsky.feed.generator", {})


def test_everything_that_inputs_refer_to_is_here() -> None:
    """Of every schema that can be reached from what is taken in."""
    for sample in all_samples():
        judged(sample)  # an absent definition raises UnknownLexicon


def test_every_document_says_whose_it_is() -> None:
    assert "MIT/Apache-2.0" in (FOLDER / "README.md").read_text("utf-8")
    assert "Bluesky Social PBC" in (FOLDER / "LICENSE.txt").read_text("utf-8")
    assert all(json.loads(file.read_text("utf-8"))["id"] == file.stem for file in FOLDER.glob("*.json"))


# --- against the reference library itself ---


async def library(samples: list[Any]) -> list[str | None]:
    packages = await npm.installed(f"atproto-api-{version()}", f"@atproto/api@{version()}")
    given = json.dumps(samples).encode()
    told = await npm.run(npm.program("node"), str(LIBRARY), str(packages), cwd=packages, given=given)
    answer: list[str | None] = json.loads(told)
    return answer


@pytest.mark.slow
async def test_the_reference_library_says_the_same() -> None:
    """Verdict and words, over every whole sample and some ten thousand broken ones."""
    samples = list(all_samples())
    told = await library(samples)
    differ = [(s, judged(s), says) for s, says in zip(samples, told, strict=True) if judged(s) != says]
    assert differ == []
    refused = sum(says is not None for says in told)
    assert len(samples) > 10_000
    assert refused > 6_000
    assert len(samples) - refused > 2_500


@pytest.mark.slow
async def test_the_reference_library_lets_pass_only_what_is_listed() -> None:
    assert await library([sample for sample, _ in STRICTER]) == [None] * len(STRICTER)


@pytest.mark.slow
async def test_what_the_sandbox_answers_fits_the_schemas(city: City) -> None:
    """The other direction: every answer of the sandbox, held against the schemas of answers by the library."""
    first = (await city.put()).json()
    ref = {"uri": first["uri"], "cid": first["cid"]}
    gate = {"post": first["uri"], "createdAt": AT, "hiddenReplies": [URI]}
    body = {"repo": city.did, "collection": "app.bsky.feed.threadgate", "rkey": KEYS[0], "record": gate}
    await city.call("com.atproto.repo.putRecord", **body)
    await city.control("POST", "bluesky/engage", post=first["uri"], likes=3, replies=[{"text": "Cảm ơn"}])
    apply = "com.atproto.repo.applyWrites"
    record = {"text": "x", "createdAt": AT, "reply": {"root": ref, "parent": ref}}
    writes = [
        {"$type": f"{apply}#create", "collection": POST, "rkey": KEYS[1], "value": record},
        {"$type": f"{apply}#update", "collection": POST, "rkey": KEYS[1], "value": {**record, "text": "y"}},
    ]
    applied = await city.call(apply, repo=city.did, writes=writes)
    headers = {"Authorization": f"Bearer {city.session['accessJwt']}", "Content-Type": "image/png"}
    blob = await city.http.post("/bluesky/xrpc/com.atproto.repo.uploadBlob", content=b"x", headers=headers)
    whoami = await city.http.get("/bluesky/xrpc/com.atproto.server.getSession", headers=headers)
    await city.later(2)
    own, key = {"repo": city.did, "collection": POST}, {"rkey": KEYS[0]}
    reads = [
        ("com.atproto.repo.getRecord", {**own, **key}),
        ("com.atproto.repo.listRecords", own),
        ("com.atproto.identity.resolveHandle", {"handle": "thanhpho.test"}),
        ("app.bsky.actor.getProfile", {"actor": city.did}),
        ("app.bsky.feed.getAuthorFeed", {"actor": city.did}),
        ("app.bsky.feed.getPosts", {"uris": [first["uri"]]}),
        ("app.bsky.feed.getPostThread", {"uri": first["uri"]}),
    ]
    answers = [(nsid, (await city.read(nsid, **params)).json()) for nsid, params in reads]
    refreshed = await city.call("com.atproto.server.refreshSession", token=city.session["refreshJwt"])
    answers += [
        ("com.atproto.server.createSession", city.session),
        ("com.atproto.server.refreshSession", refreshed.json()),
        ("com.atproto.server.getSession", whoami.json()),
        ("com.atproto.repo.putRecord", first),
        (apply, applied.json()),
        ("com.atproto.repo.uploadBlob", blob.json()),
        ("com.atproto.repo.deleteRecord", (await city.call("com.atproto.repo.deleteRecord", **own, **key)).json()),
    ]
    told = await library([["output", nsid, answer] for nsid, answer in answers])
    assert [(nsid, says) for (nsid, _), says in zip(answers, told, strict=True) if says] == []
