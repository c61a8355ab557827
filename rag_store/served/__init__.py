"""A store on a Chroma server, for many processes and machines.

The server holds the exemplars: ids, vectors, attributes and ABC in one collection a space, and a ledger of
what has changed. Each machine keeps a mirror of it, a catalogue like that of an embedded store, and asks the
server for neighbours only; so a search is the same code for both kinds of store.
"""
