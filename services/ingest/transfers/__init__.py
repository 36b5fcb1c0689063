"""Cases passed on to another Open311 server: sent once, and what is said of them there comes back."""
