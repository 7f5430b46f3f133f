-- Changes a generation that is still as it was seen, with its attempt, event, money and job; NULL when it is not.
SELECT tintype_advance(
    %(id)s, %(seen)s, %(changes)s, %(event)s, %(settle)s, %(attempt)s, %(work)s, %(again_s)s
)
