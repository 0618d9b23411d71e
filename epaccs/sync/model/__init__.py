"""Tables of the tablets' feed."""
