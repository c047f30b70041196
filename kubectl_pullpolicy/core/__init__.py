"""Pure rules: Kubernetes objects in, explanations out. Nothing here reads a clock, a file or a socket."""
