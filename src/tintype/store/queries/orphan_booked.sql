-- Writes down that a prediction which belongs to nobody is in the book.
UPDATE attempts SET outcome = 'lost' WHERE token = %(token)s
