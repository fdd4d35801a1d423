"""Pure views: records in, words, columns and rows out; the command line and the application share them."""
