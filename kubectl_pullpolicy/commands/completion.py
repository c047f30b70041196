"""completion: the script by whose name kubectl finds the completion of a plugin."""

SCRIPT = """\
#!/bin/sh
# Completion of `kubectl pullpolicy`. kubectl finds it by its name on PATH:
#   kubectl pullpolicy completion > ~/.local/bin/kubectl_complete-pullpolicy
#   chmod +x ~/.local/bin/kubectl_complete-pullpolicy
# It needs kubectl's own completion (kubectl completion --help). Installed by pip, pipx or uv it is there already.
exec kubectl-pullpolicy __complete "$@"
"""
