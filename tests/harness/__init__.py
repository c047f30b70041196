"""What tests are made with: the test cluster, stub servers, builders of objects, and recordings of the cluster.

cluster     a real one-node Kubernetes, built from Go modules
recording   makes the demo and `recorded/` from it
recorded    what it made; nothing in it is edited by hand
stubs       an API server and a registry that answer as the real ones did
builders    Pods and containers as JSON
"""

from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).parent / "recorded"
DEMO = ROOT / "kubectl_pullpolicy" / "demo" / "recording.json"
