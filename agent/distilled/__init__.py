"""The distilled mind: the offline mind looks and writes; between, a mapper plans that another mind taught."""
