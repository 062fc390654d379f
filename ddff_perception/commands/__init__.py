"""The subcommands of `ddff`, one file per subject."""
