"""The n-grams of one text in plain Python: the keys of `features.extract`, each with what a person can read."""

from collections.abc import Iterator
from itertools import groupby

from libs.common.text import nfc, unmark
from services.classify.learner.alphabet import BASE, CODES, IGNORED, MASK, SPACE, Tables, tables
from services.classify.learner.features import HASH_BITS, Block, FeatureSpec, View, cut, multiplier, places

Spelled = Iterator[tuple[str, int]]
GAP = "…"
EDGE = "␣"


def spell(text: str, spec: FeatureSpec) -> Spelled:
    """Every n-gram of a text as it reads, with its key; as often as it occurs."""
    table = tables(spec.symbols)
    signs = [sign for sign in nfc(cut(text, spec.limit)) if table.kind[_code(sign)] != IGNORED]
    for number, block in enumerate(spec.blocks):
        found = _inside(signs, number, block, table) if block.view == "char" else _words(signs, number, block, table)
        yield from found


def _words(signs: list[str], number: int, block: Block, table: Tables) -> Spelled:
    runs = groupby(signs, key=lambda sign: int(table.run[_code(sign)]))
    written = ["".join(run) for kind, run in runs if kind]
    tokens = [_plain(word, table) if block.view == "plain" else (word, _hash(word, table)) for word in written]
    tokens = tokens[: block.first] if block.first else tokens
    if block.view == "skip":
        for left, right in zip(tokens, tokens[2:], strict=False):
            yield f"{left[0]} {GAP} {right[0]}".lower(), _key([left[1], right[1]], number, block.view, 2)
        return
    for order in range(block.low, block.high + 1):
        for start in range(len(tokens) + 1 - order):
            gram = tokens[start : start + order]
            read = " ".join(word for word, _ in gram).lower()
            yield read, _key([value for _, value in gram], number, block.view, order)


def _inside(signs: list[str], number: int, block: Block, table: Tables) -> Spelled:
    stretches = groupby(signs, key=lambda sign: bool(table.kind[_code(sign)] != SPACE))
    for stretch in ["".join(run) for solid, run in stretches if solid]:
        padded = f" {stretch} "
        for order in range(block.low, block.high + 1):
            for start in range(len(padded) + 1 - order - (order == 1)):
                gram = padded[start : start + order]
                read = gram.lower().replace(" ", EDGE)
                yield read, _key([_hash(gram, table)], number, block.view, order)


def _hash(word: str, table: Tables) -> int:
    total, power = 0, 1
    for sign in word:
        code = _code(sign)
        total += int(table.letter[code]) * power + int(table.tone[code])
        power = power * BASE & MASK
    return total & MASK


def _plain(word: str, table: Tables) -> tuple[str, int]:
    total, power, last, read = 0, 1, -1, ""
    for sign in word:
        value = int(table.plain[_code(sign)])
        if value == last and not "0" <= sign <= "9":
            continue
        total, power, last, read = total + value * power, power * BASE & MASK, value, read + sign
    return unmark(read), total & MASK


def _key(hashes: list[int], number: int, view: View, order: int) -> int:
    if len(hashes) == 1:
        mixed = hashes[0]
    else:
        mixed = sum(value * place for value, place in zip(hashes, places(len(hashes)), strict=True)) & MASK
    key = (mixed * multiplier(number, view, order) & MASK) >> (64 - HASH_BITS)
    return key | number << HASH_BITS


def _code(sign: str) -> int:
    return min(ord(sign), CODES - 1)
