-- Books another cost for a settled generation, in the windows that held it, once per reason.
SELECT tintype_correct(%(id)s, %(cost_nano_usd)s, %(images)s, %(video_ms)s, %(ref)s)
