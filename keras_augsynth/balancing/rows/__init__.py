"""Where added rows come from: real rows that have come by, synthesizers, and what is refused of them."""
