"""The newsstand: a small press on loopback, replayed from the bundled sample day or from files of your own."""
