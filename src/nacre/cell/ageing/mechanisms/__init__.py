"""Ageing mechanisms, one small class a file. `MECHANISM` is the class; `of(parameters)` makes it from the numbers under
[ageing], or gives None where they switch it off. To add one of your own no entry here is needed: see docs/ageing.md."""
