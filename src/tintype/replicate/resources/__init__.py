"""What the API has, noun by noun: each written once and bound to either client."""
