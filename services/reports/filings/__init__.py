"""Filings that the law asks of whoever runs the system, filled from what runs; people finish and sign them."""
