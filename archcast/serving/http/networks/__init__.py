"""Networks over HTTP: files are read, and what they cost is worked out, in processes that can be killed."""
