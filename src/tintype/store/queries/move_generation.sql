-- Changes a generation that is not final, with its event; a final state settles it and its flight.
SELECT tintype_move(%(id)s, %(changes)s, %(event)s, %(settle)s)
