"""How a share of generated rows is found out during a training."""
