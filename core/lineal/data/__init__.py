"""The identity of data: digests of files, folders, frames and arrays."""
