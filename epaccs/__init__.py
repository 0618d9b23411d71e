"""EPaCCS: one register of what people near the end of life want, and what was decided with them."""
