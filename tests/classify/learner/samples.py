"""Small made-up sets: complaints of three kinds, one of them rare."""

import random

from services.classify.learner.examples import Examples

SAID = {
    "rác": ["rác chất đống", "mùi hôi thối", "xe rác không đến", "bãi rác tự phát"],
    "đường": ["ổ gà sâu", "đường hỏng nặng", "tắc đường mỗi sáng", "nắp cống vỡ"],
    "điện": ["mất điện cả đêm", "đèn đường tắt", "dây điện sà thấp", "cột điện nghiêng"],
}
AROUND = ["ở phố", "đã ba ngày", "mong phường xem", "bà con kêu nhiều", "sáng nay", "trước cổng trường"]


def made(count: int, seed: int = 1, shares: tuple[int, int, int] = (10, 6, 1)) -> Examples:
    chance = random.Random(seed)
    labels = chance.choices(list(SAID), weights=shares, k=count)
    labels[:3] = list(SAID)
    texts = [
        " ".join([*chance.sample(AROUND, 2), chance.choice(SAID[label]), chance.choice(AROUND), str(chance.random())])
        for label in labels
    ]
    about = {"file": "made.jsonl", "sha256": "0" * 64, "rows": count, "label": "label"}
    return Examples(texts, labels, about, {label: label for label in labels})
