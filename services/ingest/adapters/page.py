"""One article page, read by extraction."""

from services.ingest.adapters.base import SOURCE_KINDS, Entry, NotParsable, ParsedDocument
from services.ingest.extract import extract_article


@SOURCE_KINDS.register("page")
class Page:
    """A page watched by itself, such as an agency's notice: one entry, revised when its text changes."""

    @staticmethod
    def parse(
        data: bytes,
        *,
        content_type: str | None = None,
        url: str | None = None,
        language: str | None = None,
    ) -> ParsedDocument:
        article = extract_article(data, content_type=content_type, url=url, language=language)
        if not article.text and not article.title:
            raise NotParsable("Trang không có nội dung đọc được", "the page has no readable content")
        entry = Entry(
            id=article.canonical_url or url,
            title=article.title,
            link=article.canonical_url or url,
            summary=article.summary,
            content=article.text,
            published_at=article.published_at,
            published_from=article.published_from,
            updated_at=article.updated_at,
            zone_assumed=article.zone_assumed,
            language=article.language,
        )
        return ParsedDocument("page", article.title, article.language or language, (entry,))
