"""The hub of the bulletin's feeds (W3C WebSub): servers that asked are told what is new, as soon as it is."""
