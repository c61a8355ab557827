"""Making teacher data for the distilled mapper: pictures and texts in, what a mind makes of them out."""
