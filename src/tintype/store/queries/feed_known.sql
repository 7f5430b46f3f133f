-- Changes nothing; whether there is an event at this place of the feed.
SELECT EXISTS (
    SELECT FROM events
    WHERE generation_id = %(generation_id)s AND number = %(number)s AND xid = %(xid)s::text::xid8
)
