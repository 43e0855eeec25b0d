"""What `latentfit demo` trains: settings that suit 1,437 small digits and two CPU cores."""

SETTINGS = ["width=0.125", "rate=5e-4", "batch=64", "average=0.995"]
