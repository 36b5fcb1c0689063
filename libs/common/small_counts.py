"""Counts by place as they may be shown: so few that a person could be recognised are held back. Pure."""

K_ANONYMITY = 10


def publishable(counts: dict[str, int]) -> dict[str, int | None]:
    """Counts by place as they may be shown beside their total: none under ten, and where what is hidden would follow
    from the total (fewer than ten cases are hidden together), the next smallest is hidden too (complementary
    suppression)."""
    hidden = {name for name, count in counts.items() if 0 < count < K_ANONYMITY}
    rest = sorted(
        (name for name in counts if name not in hidden and counts[name]), key=lambda name: (counts[name], name)
    )
    if hidden and sum(counts[name] for name in hidden) < K_ANONYMITY:
        hidden |= set(rest[:1])
    return {name: None if name in hidden else count for name, count in counts.items()}
