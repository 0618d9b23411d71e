"""Made-up organisations, people at work and patients, so that nobody learns the register on real people."""
