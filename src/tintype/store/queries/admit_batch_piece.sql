-- Admits calls of a batch within its budget, all or none; says when.
SELECT tintype_batch_admit(%(id)s, %(calls)s::integer[], %(request)s) || jsonb_build_object('at', now())
