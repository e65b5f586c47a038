"""Speed, scale and the gate on both. Nothing in the package imports this; see README.md."""
