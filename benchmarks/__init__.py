"""The figures that the project states, each as one command; ratios are taken side by side in one run."""
