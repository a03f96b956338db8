"""The bench of the host port, and what other benches need to drive one."""
