"""Vietnamese words without marks that carry grammar and no topic."""

FUNCTION_WORDS = frozenset(
    """la va cua co cho trong voi khong cac nhung nay do da se duoc tai tu den vao ra o khi thi ma nhu cung ve theo
    mot nguoi bi de len sau truoc nhieu tren duoi noi biet dang rat lai chi vi nen neu hay hoac hon nhat""".split()
)
