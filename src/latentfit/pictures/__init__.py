"""Pictures: figures of a run, charts that compare, sheets of images."""
