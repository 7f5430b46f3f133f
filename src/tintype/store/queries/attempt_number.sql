-- Changes nothing; which attempt of its generation a token stands for.
SELECT number FROM attempts WHERE token = %(token)s
