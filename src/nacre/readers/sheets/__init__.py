"""Tables of text files and workbooks: every line accounted for, every cell a value, a limit or missing."""
