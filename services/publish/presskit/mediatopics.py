"""The top level of IPTC Media Topics (cv.iptc.org/newscodes/mediatopic), kept here so that nothing is fetched."""

VERSION = "2025"
"""The year the copy was made; the seventeen codes of the top level have stood since the vocabulary began."""
SCHEME = "http://cv.iptc.org/newscodes/mediatopic/"
TOPICS = {
    "01000000": "arts, culture, entertainment and media",
    "02000000": "crime, law and justice",
    "03000000": "disaster, accident and emergency incident",
    "04000000": "economy, business and finance",
    "05000000": "education",
    "06000000": "environment",
    "07000000": "health",
    "08000000": "human interest",
    "09000000": "labour",
    "10000000": "lifestyle and leisure",
    "11000000": "politics and government",
    "12000000": "religion",
    "13000000": "science and technology",
    "14000000": "society",
    "15000000": "sport",
    "16000000": "conflict, war and peace",
    "17000000": "weather",
}
DEFAULT = "11000000"
