"""What every screen and every output is drawn with: clean text, words for figures, lines, columns, bars, plots."""
