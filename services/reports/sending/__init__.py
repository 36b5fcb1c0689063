"""Reports on their way: schedules that draft them, the offices that get them, and the proof of each letter."""
