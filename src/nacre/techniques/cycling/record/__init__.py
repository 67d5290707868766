"""The record of a cycling test, judged before it is used: columns, clocks, counters, sign, several files of a cell."""
