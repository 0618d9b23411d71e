"""What organisations have agreed to share with each other, who signed it, and until when anything flows by it."""
