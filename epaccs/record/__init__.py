"""What one clinician sees of one person: card, record, history, who has looked; and how a person is found."""
