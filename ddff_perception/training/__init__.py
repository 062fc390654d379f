"""What every `train.py` shares. torch, never imported at run time."""
