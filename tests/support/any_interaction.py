"""Hypothesis strategies for interactions: any bytes, header text and odd strings, as far as a wire can carry them."""

from hypothesis import strategies as st

from tokentape.model import Chunk, Headers, Interaction, Request, Response

# Texts that have bitten YAML writers, next to arbitrary ones.
NASTY = [
    "",
    " ",
    "\n",
    "a\n",
    "a\n\n",
    "a\n\n\nb",
    "\na",
    " a\nb",
    "\ta\nb",
    "a\n\tb",
    "a \nb",
    "a\n b",
    "a\r\nb\r\n",
    "a\rb",
    "~",
    "null",
    "yes",
    "No",
    "1",
    "1.0",
    "0x1F",
    "0o7",
    "1:30",
    "2001-12-14",
    "2001-12-14 21:59:43.10 -5",
    "=",
    "<<",
    "- a",
    "-",
    "?",
    ": a",
    "a: b",
    "a:",
    "# a",
    "a #b",
    "a#b",
    "'",
    "''a'",
    '"',
    "'a\"",
    "\\",
    "{",
    "[a]",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "--- a",
    "---",
    "...",
    "data: {}\n\ndata: [DONE]\n\n",
    "\u2028",
    "a\u2029b",
    "\x85",
    "\x00",
    "\x7f",
    "\ufeff",
    "a\ufeff\nb",
    "😀\n😀",
    "ü\nü",
    "\ue000",
    "\ufffe",
    "trailing ",
    "trailing \n",
    "<<<<<<< a",
    "interactions:\n- a: 1\n",
    "\t",
    "a\tb",
    ".",
    ".5",
    "+1",
    "1_0",
    "0b1",
    "é",
    "\xa0",
]
texts = st.sampled_from(NASTY) | st.text(max_size=12)
# Text as it comes from a wire: bytes, UTF-8 or not.
wire = texts.map(lambda text: text.encode("utf-8", "replace").decode()) | st.binary(max_size=8).map(
    lambda raw: raw.decode("utf-8", "surrogateescape")
)
_KNOWN_NAMES = (
    "Content-Type",
    "content-type",
    "Content-Length",
    "content-length",
    "Content-Encoding",
    "Set-Cookie",
    "X-B3-Id",
    "x-b10-id",
    "Transfer-Encoding",
)
_KNOWN_VALUES = ["application/json", "gzip", "br, gzip", "identity", "what", "text/event-stream", "12", "0"]
names = st.sampled_from(_KNOWN_NAMES) | wire
values = st.sampled_from(_KNOWN_VALUES) | wire
headers: st.SearchStrategy[Headers] = st.lists(st.tuples(names, values), max_size=6).map(tuple)
bodies = (
    st.binary(max_size=30)
    | texts.map(lambda text: text.encode("utf-8", "replace"))
    | st.sampled_from(
        [b'{"a":1}', b'{"a": [1, 2.50]}\n', b"[]", b'{"\\u00fc": "\\ud83d\\ude00"}', b'\xef\xbb\xbf{"a":1}']
    )
    | st.sampled_from([b"data: {}\n\n", b"\xff\xfe\n"])
)
_KNOWN_URLS = [
    "https://a.test/v1/x?q=1&q=2&a=%zz;b",
    "http://u:p@h:8080/?",
    "http://[::1",
    "https://a.test/%FF?%FF=%FF&a+b=c",
    "",
]
urls = st.sampled_from(_KNOWN_URLS) | wire


@st.composite
def responses(draw: st.DrawFn) -> Response:
    """Any response; its chunks add up to its body."""
    body = draw(bodies)
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4)))
    edges = [0, *cuts, len(body)]
    delays = draw(st.lists(st.integers(0, 10**9), min_size=len(edges), max_size=len(edges)))
    chunks = tuple(
        Chunk(end - start, delay / 10**6) for start, end, delay in zip(edges, edges[1:], delays, strict=False)
    )
    return Response(
        status=draw(st.integers(0, 999) | st.sampled_from([200, 204, 304, 404])),
        reason=draw(st.sampled_from(["", "OK", "Not Found", "OK ", " "]) | wire),
        headers=draw(headers),
        body=body,
        proto=draw(st.sampled_from(["HTTP/1.1", "HTTP/2.0", "HTTP/2", "HTTP/3", "HTTP/1.0"]) | wire),
        trailers=draw(headers),
        chunks=draw(st.sampled_from([(), chunks])),
        truncated=draw(st.booleans()),
    )


requests = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "HEAD"]) | wire,
    url=urls,
    headers=headers,
    body=bodies,
    proto=st.sampled_from(["HTTP/1.1", "HTTP/2.0"]) | wire,
)
interactions = st.builds(
    Interaction, requests, responses(), duration=st.integers(0, 10**13).map(lambda nanoseconds: nanoseconds / 10**9)
)
