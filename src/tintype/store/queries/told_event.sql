-- Changes nothing; the state event that a callback tells.
SELECT e.state, e.body, e.at FROM events AS e
WHERE e.generation_id = %(generation_id)s AND e.number = %(number)s
