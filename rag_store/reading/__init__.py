"""Reading music of any format into a `Transcript`, and writing that as ABC."""
