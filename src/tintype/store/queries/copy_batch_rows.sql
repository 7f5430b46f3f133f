-- Takes the rows of a batch as they come, in the transaction that writes it.
COPY batch_rows (batch_id, number, line, model, input, problem, place, digest, count, per_call, is_own, reasons) FROM STDIN
