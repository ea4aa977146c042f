"""Clean and predict whole corpora: which files, in which processes, with which files beside the results."""
