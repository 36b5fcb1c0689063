"""What may go wrong for whoever opens a newsstand, said in Vietnamese first."""


class NewsstandError(Exception):
    """Nothing can be served; the message names the file and, for rows, the line."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi}\n{en}")
        self.vi = vi
        self.en = en
