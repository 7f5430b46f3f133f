-- Raises an alert, or counts up the one that is open for this kind and subject.
SELECT tintype_alert(%(kind)s, %(subject)s, %(message)s, %(facts)s)
