"""What only the whole flow shows, found before it is published."""
