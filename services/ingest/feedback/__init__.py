"""Feedback cases: what citizens report, who must answer it and by when."""
