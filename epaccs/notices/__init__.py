"""Who must do or know something about a person, by when, and who said that they have seen to it."""
