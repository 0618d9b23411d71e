"""The signed code on every sheet, by which paper shows that it was altered."""
