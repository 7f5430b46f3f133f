-- Gives what a leader bought to the next of its flight; NULL when nobody waits.
SELECT tintype_hand_over(%(id)s)
