-- Hears from now on which generations have something new; again is harmless.
LISTEN tintype_events
