"""How results look and read, wherever they are shown: style, wording, tables side by side."""
