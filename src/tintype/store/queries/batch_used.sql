-- Changes nothing; what a batch has cost, and holds, in nano-dollars.
SELECT tintype_batch_used(%(id)s)
