"""Work on pictures and films: what they are, what they become."""
