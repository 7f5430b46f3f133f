-- Defers a job of a queue; it is there when the transaction is committed.
SELECT procrastinate_defer_jobs_v1(ARRAY[
    (%(queue)s, %(queue)s, %(priority)s, NULL, NULL, tintype_origin(%(id)s),
     CASE WHEN %(after_s)s > 0 THEN now() + make_interval(secs => %(after_s)s) END
    )::procrastinate_job_to_defer_v1
])
