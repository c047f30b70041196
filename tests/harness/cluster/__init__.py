"""A real one-node Kubernetes with registries that fail on purpose, built from Go modules; needs Linux, root and Go.

`python -m tests.harness.cluster up` prints its kubeconfig: the contexts admin, and viewer, who has no permissions.
Everything listens on loopback and lies in one cache folder. `kubectl logs` and `exec` do not work: a node may not have
a loopback address, and so the API server does not find the kubelet. What a container has to say, it writes to
/dev/termination-log.

    versions, gomodule, build       what is built, once
    packages                        what comes from Debian
    layout                          folders and ports
    processes, leftovers, sysctls   start, end, and leave the machine as it was
    certificates, controlplane, api etcd, the API server, controllers
    images, push, registries, faults  images and where they are, or are not, to be had
    node                            containerd and the kubelet
    lifecycle                       up and down
    apiserver, scale                an API server alone, and ten thousand Pods for it
"""
