"""Experiments: recipes, runs, scores, figures and reports."""
