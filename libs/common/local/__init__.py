"""Everything of the one-machine topology: Postgres, NATS, the proxy, and what starts and watches them."""
