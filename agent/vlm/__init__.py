"""The model mind: a vision-language model perceives, plans, writes and refines, whatever runs it."""
