"""Pictures of reports: drawn from frozen figures, as SVG and PNG, readable in grey print, each with its text."""
