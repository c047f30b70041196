"""What goes wrong on the way between node and registry: proxy, mirror, TLS, names, connections.

Sources: the Go standard library, which all runtimes use (net, net/http transport.go, crypto/tls, crypto/x509 verify.go,
golang.org/x/net/http2); containerd core/remotes/docker; WinSock texts of Windows nodes.
"""

import re

from kubectl_pullpolicy.core.diagnosis.rules.rule import Rule

# net/http: of a proxy that refuses CONNECT only the reason phrase is shown, right behind the URL. What registries and
# the transport say there begins with one of the words that are left out.
_ASKED = r"\b(?:get|head|post) \"?(?:U+|https?: ?/\S{1,500})\"? ?: "
_END = r"\.?(?=$|[\])\"'])"
_FAILED_CONNECT = re.compile(
    rf"{_ASKED}(?:bad gateway|service unavailable|gateway time-?out|internal server error){_END}"
)
_REFUSED_CONNECT = re.compile(
    rf"{_ASKED}(?!unauthorized|denied|unknown|eof\b|unexpected|context|dial|read|write|remote|local|no basic|toomany|"
    r"manifest|name |tls|http|net|x509|authentication required|access to|requested|invalid|unsupported|malformed|"
    r"stopped|failed|not found|connection|server|proxyconnect|blob|empty|timeout|operation|too many|i/o)"
    rf"[a-z]+(?:[ -][a-z]+){{0,3}}{_END}"
)

PROXY_RULES = (
    Rule(
        "Proxy",
        "the node's proxy does not answer",
        ("proxyconnect", "socks connect"),
        re.compile(
            r"(?:proxyconnect|socks connect)[^\n]{0,300}"
            r"(?:refused|time-?out|no route|unreachable|reset|eof|misbehaving)"
        ),
        transient=True,
    ),
    Rule("Proxy", "the node cannot speak with its proxy", ("proxyconnect", "socks connect"), transient=False),
    Rule(
        "Proxy",
        "the proxy wants a login of its own",
        ("proxy authentication required", "status: 407", "407 proxy"),
        transient=False,
    ),
)

MIRROR_RULES = (Rule("Mirror", "the mirror was asked in vain", ("mirror resolve retries", "registry mirror")),)

CONNECT_RULES = (
    Rule(
        "Proxy",
        "a proxy failed to open the way to the registry",
        ("get ", "head ", "post "),
        _FAILED_CONNECT,
        transient=True,
    ),
    Rule(
        "Proxy",
        "a proxy refused to open the way to the registry",
        ("get ", "head ", "post "),
        _REFUSED_CONNECT,
        transient=False,
    ),
)

TLS_RULES = (
    Rule("NetworkUnreachable", "the connection garbles what it carries", ("bad record mac",)),
    Rule("Timeout", "the TLS handshake did not end in time", ("tls handshake timeout",)),
    Rule(
        "CertificateExpired",
        "the certificate's time and the node's clock do not agree",
        ("certificate has expired", "is not yet valid", "certificate expired"),
    ),
    Rule(
        "CertificateNameMismatch",
        "the certificate does not name the host that was asked",
        (
            "certificate is valid for",
            "certificate is not valid for",
            "cannot validate certificate for",
            "doesn't contain any ip sans",
            "relies on legacy common name",
            "is not authorized to sign for this name",
        ),
    ),
    Rule(
        "CertificateUnknownAuthority",
        "the chain of the certificate ends at nobody whom the node trusts",
        (
            "signed by unknown authority",
            "certificate is not trusted",
            "unable to get local issuer",
            "self-signed certificate",
            "self signed certificate",
            "failed to load system roots",
            "certificate is not standards compliant",
        ),
    ),
    Rule(
        "HTTPSExpected",
        "HTTPS was asked, and plain HTTP answered",
        ("server gave http response to https client",),
    ),
    Rule(
        "HTTPSExpected",
        "plain HTTP was asked, and HTTPS answered",
        ("malformed http response", "http request to an https server", "plain http request was sent to https"),
    ),
    Rule(
        "CertificateUnknownAuthority",
        "the certificate cannot be verified",
        ("failed to verify certificate",),
        certainty="inferred",
    ),
    Rule("TLSFailure", "the certificate cannot be used", ("x509: ",)),
    Rule("TLSFailure", "the TLS handshake failed", ("tls: ", "ssl_error", "ssl routines", "tlsv1 alert")),
)

NAME_RULES = (
    Rule(
        "NameResolution",
        "the resolver knows no such name",
        ("no such host", "name or service not known", "could not resolve host", "nxdomain", "no address associated"),
        transient=False,
    ),
    Rule(
        "NameResolution",
        "the resolver fails",
        ("temporary failure in name resolution", "server misbehaving", "servfail"),
        transient=True,
    ),
    Rule(
        "NameResolution",
        "the resolver does not answer",
        ("lookup ",),
        re.compile(
            r"\blookup \S{1,255}(?: on \S{1,60})?: [^\n]{0,200}?"
            r"(?:timeout|refused|unreachable|no route|timed out|cannot unmarshal|reset|not permitted|canceled|exceeded)"
        ),
        transient=True,
    ),
)

CONNECTION_RULES = (
    Rule("ConnectionRefused", "nobody listens there", ("connection refused", "actively refused")),
    Rule(
        "NetworkUnreachable",
        "there is no way to that address",
        (
            "no route to host",
            "network is unreachable",
            "host is down",
            "host is unreachable",
            "cannot assign requested address",
            "unreachable network",
            "unreachable host",
            "network is down",
        ),
    ),
    Rule(
        "Timeout",
        "the other side did not answer in time",
        (
            "i/o timeout",
            "client.timeout",
            "timeout awaiting response headers",
            "connection timed out",
            "operation timed out",
            "did not properly respond",
            "request timeout",
            "408 request",
        ),
    ),
    Rule(
        "NetworkUnreachable",
        "the connection broke",
        (
            "connection reset",
            "forcibly closed",
            "broken pipe",
            "unexpected eof",
            "server closed idle connection",
            "use of closed network connection",
            "connection lost",
            "connection aborted",
            "aborted by the software",
            "server closed the stream",
            "server sent goaway",
            "stream error: stream id",
            "connection closed by",
            "transport connection broken",
        ),
    ),
    Rule("NetworkUnreachable", "the connection broke", ("eof",), re.compile(r"(?:[:\"] ?|^)\"?eof(?=$|[\])\"', :(])")),
    Rule(
        "NetworkUnreachable",
        "something on the node or on the way forbids the connection",
        ("dial tcp",),
        re.compile(r"dial tcp [^\n]{0,200}(?:permission denied|operation not permitted)"),
    ),
)

PATIENCE_RULES = (
    Rule(
        "Timeout",
        "the pull did not end in the time that it had",
        ("deadline exceeded", "timed out"),
        certainty="inferred",
    ),
    Rule(
        "Timeout",
        "the kubelet or the network gave the request up",
        ("net/http: request canceled",),
        certainty="inferred",
    ),
    Rule(
        "Cancelled",
        "the runtime gave the pull up: no progress, or it was told to",
        (
            "context canceled",
            "context cancelled",
            "code = canceled",
            "no progress in",
            "download cancelled",
            "pull canceled",
            "registration cancelled",
        ),
    ),
)
