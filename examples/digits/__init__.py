"""What stands around the methods of imbalanced_digits.py: data, a progress bar, results on disk, pictures."""
