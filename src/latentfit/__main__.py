"""`python -m latentfit`, which torchrun starts."""

from latentfit.cli import main

main()
