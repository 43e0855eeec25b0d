"""What is wrong with a latent space: findings, the most severe first."""

from latentfit.diagnosis.codes import of_codes
from latentfit.diagnosis.findings import Finding
from latentfit.diagnosis.model import Diagnosis, diagnose

__all__ = ["Diagnosis", "Finding", "diagnose", "of_codes"]
