-- Resolves the alerts whose trouble is over: their generation went on, the book was corrected, something was stored since.
UPDATE alerts AS a SET resolved_at = now()
WHERE a.resolved_at IS NULL
    AND CASE
        WHEN a.kind IN ('outcome_unknown', 'upstream_lost') THEN EXISTS (
            SELECT FROM ledger AS l WHERE l.generation_id = a.subject AND l.kind = 'correction'
        )
        WHEN a.kind IN ('storage_full', 'storage_refused') THEN EXISTS (
            SELECT FROM ledger AS l
            JOIN outputs AS o ON o.generation_id = l.generation_id
            WHERE l.kind = 'charge' AND l.at > a.seen_at AND o.stored_at > a.seen_at
        )
        ELSE EXISTS (
            SELECT FROM generations AS g
            WHERE g.id = a.subject AND g.state <> CASE a.kind
                WHEN 'ambiguous_outcome' THEN 'unknown'
                WHEN 'upstream_gone' THEN 'queued'
                WHEN 'capture_late' THEN 'capturing'
                WHEN 'output_refused' THEN 'capturing'
            END
        )
    END
