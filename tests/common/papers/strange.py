"""What people paste: each of these once broke some printer."""

from libs.common.papers.content import (
    ABOVE,
    Annex,
    Block,
    Bullets,
    Emphasis,
    Heading,
    Note,
    Paper,
    Picture,
    Run,
    Table,
    Text,
    words,
)
from tests.common.papers.samples import chart, closing, head, paper

ENDLESS = "x" * 10_000
STRANGE = {
    "control signs": "a\x00b\x07c\x1b[31m\x7f\x9f\ufffe\ud800",
    "one endless word": ENDLESS[:700],
    "an emoji of seven parts": "Cháy 🔥 lớn 👩🏽‍💻👨‍👩‍👧‍👦🇻🇳 ở Hà Nội",
    "markup of others": '<b>x</b> <para fontSize="99">& &amp; &#0; <img src="file:///etc/passwd"/> </w:t></w:r>',
    "markdown": "# t\n\n| a |\n|---|\n[x](javascript:alert(1)) ![p](http://a/b.png) **b** `c` <script>",
    "a template's words": "{{ 7*7 }} {% include '/etc/passwd' %} ${x} %(x)s {0}",
    "a field of a word processor": "INCLUDETEXT \\* MERGEFORMAT { PAGE }",
    "turned around": "tiền \u202e0001\u202c đồng \u2066x\u2069",
    "other scripts": "汉字 ไทย العربية हिन्दी 𝔘𝔫𝔦",
    "decomposed": "Ho\u0300a bi\u0300nh e\u0302\u0301 " + "e" + "\u0301" * 300,
    "white space": " \t\r\n\n \u2028\u2029\u00a0\u3000\u200b ",
    "nothing": "",
    "a long address": "https://a.vn/" + "%E1%BA%BF" * 60,
    "formulas": '=HYPERLINK("http://x","y")',
    "lines": "\n".join(f"dòng {at}" for at in range(60)),
}


def everywhere(text: str) -> Paper:
    """The same text in every place that a text can have."""
    runs = (Run(text), Run(text, bold=True), Run(text, italic=True, link=text))
    if any(letter.isalpha() for letter in text):
        runs = (*runs, Run(text, emphasis=Emphasis.LATE))
    table = Table((text, "B", text), ((text, runs, None), (text,), (ABOVE, ABOVE, 1)), caption=text)
    picture = Picture(chart().png, None, text, text, 40)
    blocks: tuple[Block, ...] = (Heading(1, text), Text(runs), Bullets((runs, runs)), table, picture, Note(text))
    return paper(
        *blocks,
        Text(words(text)),
        head=head(authority=text, agency=text, number=text, symbol=text, place=text, type_name=text, subject=text),
        closing=closing(recipients=(text,), authority_line=text, position=text, signer=text),
        annexes=(Annex(text, text, blocks, landscape=True),),
        footer=text,
    )
