"""What rises: counts in five-minute series, bursts that are told once, forecasts with their own error."""
