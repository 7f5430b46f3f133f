"""Jobs on PostgreSQL: the queues, the workers that empty them, and the pace at which upstream is called."""
