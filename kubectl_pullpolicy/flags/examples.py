"""The examples of --help, for each command. Docs and README show the same."""

ROOT_EPILOG = """\b
Examples:
  kubectl pullpolicy explain pod/web-0 -n shop      # one Pod: its policies, why, and why it waits
  kubectl pullpolicy diagnose -A                    # what cannot be pulled anywhere, by cause
  kubectl pullpolicy explain --demo                 # a recorded cluster, no cluster needed

\b
Flags stand after the command: kubectl refuses them before the name of a plugin.
"""

EXPLAIN_EPILOG = """\b
Examples:
  kubectl pullpolicy explain                        # the Pods of this namespace
  kubectl pullpolicy explain pod/web-0 -n shop      # one Pod, in full
  kubectl pullpolicy explain deploy/web             # its template and its Pods
  kubectl pullpolicy explain -A --failing           # what cannot pull, everywhere
  kubectl pullpolicy explain -w --failing           # what cannot pull, and what changes
  kubectl pullpolicy explain -f manifests/          # what the API server would store
  kubectl pullpolicy explain --image nginx:1.27     # how a name is read, and its default
  kubectl pullpolicy explain pod/web-0 --probe      # what the registry says, too
  kubectl pullpolicy explain --demo                 # a recorded cluster, no cluster needed
"""

DIAGNOSE_EPILOG = """\b
Examples:
  kubectl pullpolicy diagnose                       # what cannot be pulled in this namespace, by cause
  kubectl pullpolicy diagnose -A                    # in all of them
  kubectl pullpolicy diagnose -A --details          # with evidence and remedies
  kubectl pullpolicy diagnose deploy/web            # of one workload, in full
  kubectl pullpolicy diagnose -f dump.json          # of `kubectl get pods -o json`, or of a recording
  kubectl pullpolicy diagnose -- 'Failed to pull image "x": ...'    # each message behind --
  kubectl describe pod web-0 | kubectl pullpolicy diagnose -         # what a text says: describe, events, a log
  kubectl get events -A | kubectl pullpolicy diagnose - -o json
"""

SET_EPILOG = """\b
Examples:
  kubectl pullpolicy set Always deploy/web -n shop              # asks first, and tells how to take it back
  kubectl pullpolicy set IfNotPresent deploy/web sts/db -c app  # one container of each
  kubectl pullpolicy set Default -l app=web                     # give it back to the server's tag rule
  kubectl pullpolicy set Always deploy --all -A --dry-run=server
  kubectl pullpolicy set Never cronjob/nightly -o patch         # for Git; nothing is written
  kubectl pullpolicy set Always -f manifests/ -R --write        # in files; without --write the text goes to stdout

\b
A Pod or ReplicaSet that is named stands for the workload that makes it. A Job and a Pod of nobody cannot
change: the commands that replace them are printed.

\b
Needs: get and patch of what is named (get of its owners, too); list and patch with -l or --all.
"""

PIN_EPILOG = """\b
Examples:
  kubectl pullpolicy pin deploy/web -n shop               # to what its tags stand for now; asks, tells how to go back
  kubectl pullpolicy pin deploy/web --from running        # freeze what its Pods run
  kubectl pullpolicy pin --all --check                    # not pinned, stale, vanished: exit code 3
  kubectl pullpolicy pin deploy -l app=web --update --wait
  kubectl pullpolicy pin -f deploy.yaml                   # the text with digests, on standard output
  kubectl pullpolicy pin -f manifests/ -R --write         # change the files in place
  kubectl pullpolicy pin -f manifests/ -R --diff          # only show what would change
  kustomize build . | kubectl pullpolicy pin -f - | kubectl apply -f -
  kubectl pullpolicy pin -f manifests/ --check            # for CI: exit code 3 where something is not pinned
  kubectl pullpolicy pin -f manifests/ --update --write   # follow the tags that have moved
  kubectl pullpolicy pin -f values.yaml --policy IfNotPresent --ignore 'registry.internal/*'

\b
Registries are asked with the Pods' pull secrets as the kubelet would, then as docker login does, then without any.
Needs for a TARGET: get and patch of it, get of its ServiceAccount and pull secrets (--no-secrets: not those).

\b
Files are manifests (YAML or JSON), kustomizations (images:) and values of Helm charts, which have `values` in their
name. Only image values change; a comment behind an image or above it leaves it alone: # pullpolicy: ignore
"""

VERSION_EPILOG = """\b
Examples:
  kubectl pullpolicy version
"""

COMPLETION_EPILOG = """\b
Examples:
  kubectl pullpolicy completion > ~/.local/bin/kubectl_complete-pullpolicy     # in a folder of your PATH
  chmod +x ~/.local/bin/kubectl_complete-pullpolicy

\b
kubectl finds it by its name. Installed by pip, pipx or uv it is there already.
"""

WAIT_EPILOG = """\b
Examples:
  kubectl pullpolicy wait deploy/web                # its newest Pods have their images, or never will
  kubectl pullpolicy wait pod/web-0 --timeout=90s   # one Pod
  kubectl pullpolicy wait job/import || exit        # in a script

\b
Exit codes: 0 all images are there, 1 error, 3 a failure that does not heal by itself, 4 timed out.
"""

RETRY_EPILOG = """\b
Examples:
  kubectl pullpolicy retry deploy/web               # the Pods of it that are in back-off
  kubectl pullpolicy retry deploy/web --wait        # and what comes of it
  kubectl pullpolicy retry pod/web-0 --yes          # one Pod, without a question
  kubectl pullpolicy retry -l app=web --dry-run=client
"""
