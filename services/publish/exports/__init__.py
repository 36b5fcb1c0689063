"""Plans and calendars as files: iCalendar, DOCX and XLSX, rendered from the same rows."""
