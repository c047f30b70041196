#!/bin/sh
# Shows the main job on the bundled recording of a real cluster: each command, then what it prints.
set -eu
show() {
    printf '$ kubectl pullpolicy %s\n' "$1"
    eval "kubectl-pullpolicy $1"
    printf '\n'
}
show "explain --demo -n shop -l 'app in (legacy,edited,guarded,ssa,worker)'"
show "diagnose --demo -n registries"
show "explain --demo -n failing pod/private-nosecret"
