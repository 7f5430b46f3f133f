-- Makes the queue's priorities small again when they have grown far.
SELECT tintype_rebase()
