"""The nouns: quantities, signals, results, studies; and the contracts that readers and techniques keep."""
