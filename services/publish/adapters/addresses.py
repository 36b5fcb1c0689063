"""httpx says the whole address of every request at INFO; here without what lets one in by it.

Some platforms put tokens into addresses: Telegram the bot's into the path, Meta the app's proof into the query, Google
and TikTok the right to go on with an upload. Importing the package of adapters installs this for the process, whoever
configures its logs.
"""

import logging
import re

from typing_extensions import override

_LETS_IN = re.compile(
    r"((?:access_token|input_token|appsecret_proof|client_secret|sig|upload_token|upload_id)=|/bot(?=\d+(?::|%3A)))"
    r"[^&\s\"'/]+",
    re.IGNORECASE,
)


class WithoutTokens(logging.Filter):
    @override
    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if _LETS_IN.search(said):
            record.msg, record.args = _LETS_IN.sub(r"\1…", said), ()
        return True


WITHOUT_TOKENS = WithoutTokens()
for _logger in ("httpx", "httpcore.http11"):
    logging.getLogger(_logger).addFilter(WITHOUT_TOKENS)
