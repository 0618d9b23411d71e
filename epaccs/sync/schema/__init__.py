"""The shape of what a tablet sends."""
