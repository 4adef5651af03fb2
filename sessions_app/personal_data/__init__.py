"""What is kept of people, why, how long, and how it goes: declared once, shown, kept to by the clock."""
