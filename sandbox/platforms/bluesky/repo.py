"""The repository of an account: records and blobs, written to the ledger before they count."""

from dataclasses import dataclass
from typing import Any

from sandbox import media_types
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import World
from sandbox.platforms.bluesky import records, rules
from sandbox.platforms.bluesky.encoding import NotData, TidClock, blob_cid, digest_of, record_cid
from sandbox.platforms.bluesky.sessions import Account, Sessions
from sandbox.platforms.bluesky.wire import NAMES, AuthRequired, Call, InvalidRequest, Json, XrpcError

NAME = "bluesky"
BLOB = "blob"
_APPLY = "com.atproto.repo.applyWrites"


@dataclass(frozen=True, slots=True)
class Write:
    """One change, checked and ready."""

    action: str
    collection: str
    key: str
    uri: str
    record: Json | None = None
    cid: str | None = None
    status: str | None = None

    def result(self) -> Json:
        told = {"uri": self.uri, "cid": self.cid}
        return {**told, "validationStatus": self.status} if self.status else told


class Repo:
    def __init__(self, world: World, sessions: Sessions) -> None:
        self._world, self._sessions = world, sessions
        self._tids = TidClock()
        self._blobs: dict[str, tuple[bytes, str]] = {}
        self._heads: dict[str, Json] = {}

    def clear(self) -> None:
        self._blobs.clear()
        self._heads.clear()

    # --- com.atproto.repo, writing ---

    def create(self, call: Call) -> Json:
        account, collection = self._mine(call), str(call.body["collection"])
        key = (None if call.again else call.body.get("rkey")) or self.next_key()
        write = self._checked("create", account, collection, key, call.body["record"], call)
        commit = self._commit(account, [write], call)
        return {**write.result(), "commit": commit}

    def put(self, call: Call) -> Json:
        account, collection, key = self._addressed(call)
        key = self.next_key() if call.again and rules.TWIN else key
        before = self._item(_uri(account.did, collection, key))
        action = "update" if before else "create"
        write = self._checked(action, account, collection, key, call.body["record"], call)
        if before is not None and before.data["cid"] == write.cid and rules.PUT_SAME:
            self._record(account, write, Effect.UNCHANGED, call)
            return write.result()
        if "swapRecord" in call.body:
            _require_swap(before, call.body["swapRecord"])
        commit = self._commit(account, [write], call)
        return {**write.result(), "commit": commit}

    def delete(self, call: Call) -> Json:
        account, collection, key = self._addressed(call)
        before = self._item(_uri(account.did, collection, key))
        write = Write("delete", collection, key, _uri(account.did, collection, key))
        if before is None:
            self._record(account, write, Effect.ABSENT, call)
            return {}
        if call.body.get("swapRecord"):
            _require_swap(before, call.body["swapRecord"])
        return {"commit": self._commit(account, [write], call)}

    def apply(self, call: Call) -> Json:
        account, asked = self._mine(call), call.body["writes"]
        if len(asked) > rules.MAX_WRITES:
            raise InvalidRequest(f"Too many writes. Max: {rules.MAX_WRITES}")
        writes = [self._read_write(account, one, call) for one in asked]
        commit = self._commit(account, writes, call)
        results = [
            {"$type": f"{_APPLY}#{w.action}Result", **({} if w.action == "delete" else w.result())} for w in writes
        ]
        return {"commit": commit, "results": results}

    def upload(self, call: Call) -> Json:
        account = self._sessions.authorized(call)
        found = media_types.sniff(call.raw) if rules.SNIFFED else None
        cid, mime = blob_cid(call.raw), found.mime if found else call.mime
        self._blobs[cid] = (call.raw, mime)
        data = {"mimeType": mime, "size": len(call.raw), "sha256": digest_of(cid).hex()}
        act = Act(NAME, call.nsid, account.did, BLOB, _blob(account.did, cid), Effect.CREATED, data)
        self._world.ledger.record(act)
        return {"blob": {"$type": "blob", "ref": {"$link": cid}, "mimeType": mime, "size": len(call.raw)}}

    # --- reading: strongly consistent ---

    def get(self, call: Call) -> Json:
        repo, collection, key = (str(call.params[name]) for name in ("repo", "collection", "rkey"))
        account = self._sessions.find(repo)
        item = self._item(_uri(account.did, collection, key)) if account else None
        if item is None:
            uri = _uri(account.did if account else repo, collection, key)
            raise InvalidRequest(f"Could not locate record: {uri}", "RecordNotFound")
        wanted = call.params.get("cid", item.data["cid"])
        if wanted != item.data["cid"]:
            raise InvalidRequest(f"Could not locate record: {item.subject}", "RecordNotFound")
        return _told(item)

    def list_records(self, call: Call) -> Json:
        repo, collection = str(call.params["repo"]), str(call.params["collection"])
        account = self._sessions.find(repo)
        if account is None:
            raise InvalidRequest(f"Could not find repo: {repo}")
        limit, newest_first = int(call.params["limit"]), call.params.get("reverse") is not True
        mine = [i for i in self._world.ledger.current.of(NAME, collection) if i.account == account.did]
        mine.sort(key=lambda item: key_of(item.subject), reverse=newest_first)
        cursor = str(call.params.get("cursor", ""))
        if cursor:
            mine = [i for i in mine if (key_of(i.subject) < cursor) == newest_first and key_of(i.subject) != cursor]
        page = mine[:limit]
        told: Json = {"records": [_told(item) for item in page]}
        return {**told, "cursor": key_of(page[-1].subject)} if len(mine) > limit else told

    def blob(self, cid: str) -> tuple[bytes, str] | None:
        return self._blobs.get(cid)

    def next_key(self) -> str:
        return self._tids.next(self._world.clock.now())

    # --- the steps of a write ---

    def _mine(self, call: Call) -> Account:
        """The account of the token, which has to be the one written to."""
        account, repo = self._sessions.authorized(call), str(call.body["repo"])
        target = self._sessions.find(repo)
        if target is None:
            raise XrpcError(rules.NO_ACCOUNT, "AccountNotFound", "Account not found")
        if target.did != account.did:
            raise AuthRequired()
        return account

    def _addressed(self, call: Call) -> tuple[Account, str, str]:
        return self._mine(call), str(call.body["collection"]), str(call.body["rkey"])

    def _read_write(self, account: Account, asked: Json, call: Call) -> Write:
        action = str(asked["$type"]).removeprefix(f"{_APPLY}#")
        is_twin = call.again and action == "create"
        collection, key = str(asked["collection"]), (None if is_twin else asked.get("rkey")) or self.next_key()
        if action == "delete":
            return Write(action, collection, key, _uri(account.did, collection, key))
        return self._checked(action, account, collection, key, asked["value"], call)

    def _checked(self, action: str, account: Account, collection: str, key: str, record: Json, call: Call) -> Write:
        validate = call.body.get("validate")
        records.require_key(collection, key, validate)
        record, status = records.checked(collection, record, validate)
        self._require_blobs(account, record)
        try:
            cid = record_cid(record)
        except (NotData, UnicodeEncodeError) as wrong:
            raise InvalidRequest(f"Invalid record: {wrong}") from None
        return Write(action, collection, key, _uri(account.did, collection, key), record, cid, status)

    def _require_blobs(self, account: Account, record: Json) -> None:
        """Named as they were stored; what no record named for too long is no longer there."""
        for blob in records.blobs_of(record):
            cid = records.cid_of(blob)
            held = self._item(_blob(account.did, cid))
            if held is None or self._is_forgotten(held):
                raise InvalidRequest(f"Could not find blob: {cid}", "BlobNotFound")
            if self._is_named(account.did, cid):
                continue  # stands already: its words are not looked at again
            for name, error, told in (("mimeType", "InvalidMimeType", "Mimetype"), ("size", "InvalidSize", "Size")):
                if held.data[name] != blob.get(name):
                    message = f"does not match stored blob. Expected: {held.data[name]}, Got: {blob.get(name)}"
                    raise XrpcError(rules.BLOB_FITS, error, f"Referenced {told} {message}")

    def _is_forgotten(self, blob: Item) -> bool:
        age = self._world.clock.now() - blob.updated_at
        return age >= rules.BLOB_ORPHANED and not self._is_named(blob.account, blob.subject.rsplit("/", 1)[-1])

    def _is_named(self, did: str, cid: str) -> bool:
        mine = [i for i in self._world.ledger.current.items.values() if i.account == did and "record" in i.data]
        return any(records.cid_of(blob) == cid for item in mine for blob in records.blobs_of(item.data["record"]))

    def _commit(self, account: Account, writes: list[Write], call: Call) -> Json:
        """All or nothing: every write is possible before the first is recorded."""
        wanted, head = call.body.get("swapCommit"), self._head(account.did)
        if wanted and wanted != head["cid"]:
            raise InvalidRequest(f"Commit was at {head['cid']}", "InvalidSwap")
        _require_possible(writes, {w.uri for w in writes if self._item(w.uri) is not None})
        effects = {"create": Effect.CREATED, "update": Effect.UPDATED, "delete": Effect.DELETED}
        for write in writes:
            before = self._item(write.uri)
            named = {records.cid_of(blob) for blob in records.blobs_of(before.data["record"])} if before else set()
            self._record(account, write, effects[write.action], call)
            self._drop_unnamed(account, named, call)
        return self._new_head(account.did)

    def _drop_unnamed(self, account: Account, cids: set[str], call: Call) -> None:
        for cid in sorted(cids) if rules.BLOB_DEREFERENCED else ():
            if self._item(_blob(account.did, cid)) is not None and not self._is_named(account.did, cid):
                act = Act(NAME, call.nsid, account.did, BLOB, _blob(account.did, cid), Effect.DELETED)
                self._world.ledger.record(act)

    def _record(self, account: Account, write: Write, effect: Effect, call: Call) -> None:
        data: Json = {}
        if write.record is not None:
            shown = [records.cid_of(image["image"]) for image in records.images_of(write.record)]
            data = {"record": write.record, "cid": write.cid, "media_sha256": [digest_of(cid).hex() for cid in shown]}
        self._world.ledger.record(Act(NAME, call.nsid, account.did, write.collection, write.uri, effect, data))

    def _head(self, did: str) -> Json:
        return self._heads.get(did) or self._new_head(did)

    def _new_head(self, did: str) -> Json:
        rev = self.next_key()
        self._heads[did] = {"cid": record_cid({"did": did, "version": 3, "rev": rev}), "rev": rev}
        return self._heads[did]

    def _item(self, uri: str) -> Item | None:
        return self._world.ledger.current.get(NAME, uri)


def _require_possible(writes: list[Write], there: set[str]) -> None:
    for write in writes:
        if write.action == "create":
            if write.uri in there:
                raise XrpcError(rules.IMPOSSIBLE, *NAMES[500])
            there.add(write.uri)
        elif write.uri not in there:
            raise XrpcError(rules.IMPOSSIBLE, *NAMES[500])
        elif write.action == "delete":
            there.discard(write.uri)


def _require_swap(before: Item | None, wanted: Any) -> None:
    """null: there must be no record yet; a cid: the record must be this one."""
    current = before.data["cid"] if before else None
    if wanted != current:
        raise InvalidRequest(f"Record was at {current or 'null'}", "InvalidSwap")


def _told(item: Item) -> Json:
    return {"uri": item.subject, "cid": item.data["cid"], "value": item.data["record"]}


def _uri(did: str, collection: str, key: str) -> str:
    return f"at://{did}/{collection}/{key}"


def _blob(did: str, cid: str) -> str:
    return f"{did}/{cid}"


def key_of(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]
