"""What users install: wheel, sdist, and an archive per platform with krew's manifest of it."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
PLUGIN = "pullpolicy"
PROGRAM = "kubectl-pullpolicy"
