"""What one clinician sees of one person: the card, the whole record, its history, who has looked, and how it is found."""
