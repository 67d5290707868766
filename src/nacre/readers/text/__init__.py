"""What text readers share: files of any encoding, tables, headings, clocks, numbers."""
