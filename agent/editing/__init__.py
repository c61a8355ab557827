"""Editing, the way composers work: revise, keep and recompose, extend, vary, go on from a theme."""
