"""Reports that come by mail: read from a mailbox of the city (IMAP), each letter once."""
