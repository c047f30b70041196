#!/bin/sh
# Shows the main job on the bundled recording: each command, then what it prints.
set -eu
show() {
    printf '$ kubectl pullpolicy %s\n' "$*"
    kubectl-pullpolicy "$@"
    printf '\n'
}
show explain --demo -n shop
show explain --demo -n shop deploy/worker
