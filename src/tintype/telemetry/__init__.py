"""Who watches the core, and where that is told: the log, metrics for Prometheus, traces for OpenTelemetry."""
