"""Gauges: each watches a clip go by once and answers one or more metrics at its end; one file a gauge."""
