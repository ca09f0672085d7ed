"""multipart: bodies taken apart at their boundary."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokentape.wire import multipart
from tokentape.wire.multipart import Part

TYPE = "multipart/form-data; boundary=B"


def test_a_form_with_a_file() -> None:
    """Name, file name, type and bytes of each part, in order."""
    body = (
        b"--B\r\n"
        b'Content-Disposition: form-data; name="model"\r\n\r\n'
        b"whisper-1\r\n"
        b"--B\r\n"
        b'content-disposition: form-data; name="file"; filename="a \\"b\\".wav"\r\n'
        b"Content-Type: audio/wav\r\n\r\n"
        b"\x00\xff\r\n--b\r\n\r\n"
        b"\r\n--B--\r\n"
    )
    assert multipart.parse(body, TYPE) == (
        Part("model", None, "", b"whisper-1"),
        Part("file", 'a "b".wav', "audio/wav", b"\x00\xff\r\n--b\r\n\r\n"),
    )


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ('Multipart/Form-Data; charset=utf-8; Boundary="B"', b"--B\r\n\r\nx\r\n--B--"),
        ("multipart/form-data;boundary=B", b"preamble\r\n--B\r\n\r\nx\r\n--B--\r\nepilogue\r\n--B\r\n"),
        (TYPE, b"--B  \r\n\r\nx\r\n--B-- \r\n"),
        (TYPE, b"--B\n\nx\n--B--\n"),
        ("multipart/mixed; boundary=B", b"--B\r\n\r\nx\r\n--B--\r\n"),
        ('multipart/form-data; boundary="B:=?"', b"--B:=?\r\n\r\nx\r\n--B:=?--"),
    ],
)
def test_ways_to_write_one_part(content_type: str, body: bytes) -> None:
    """What RFC 2046 leaves free, and bare line feeds, make no difference."""
    assert multipart.parse(body, content_type) == (Part(None, None, "", b"x"),)


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (b"--B--\r\n", ()),
        (b"--B\r\n\r\n\r\n--B--", (Part(None, None, "", b""),)),
        (b"--B\r\n\r\n--B--", (Part(None, None, "", b""),)),
        (b"--B\r\nContent-Type: text/plain\r\n--B--", (Part(None, None, "text/plain", b""),)),
        (b"--B\r\nX-Long: a\r\n b\r\nContent-Type: a/b\r\n\r\nx\r\n--B--", (Part(None, None, "a/b", b"x"),)),
        (b"--B\r\n\r\na\n--B--", (Part(None, None, "", b"a"),)),
        (b"--B\r\n\r\na\r\n--BB\r\n--B--", (Part(None, None, "", b"a\r\n--BB"),)),
    ],
)
def test_edges(body: bytes, parts: tuple[Part, ...]) -> None:
    """Empty parts, parts without headers, folded headers, a longer boundary in the content."""
    assert multipart.parse(body, TYPE) == parts


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('form-data; name="f"; filename="C:\\dir\\x.txt"', "C:\\dir\\x.txt"),
        ("form-data; name=f; filename=plain.txt", "plain.txt"),
        ('form-data; name="f"; filename="x"; filename*=UTF-8\'\'na%C3%AFve.txt', "naïve.txt"),
        ("form-data; name=\"f\"; filename*=iso-8859-1'en'na%EFve.txt", "naïve.txt"),
        ('form-data; name="f"; filename="naïve.txt"', "naïve.txt"),
        ('form-data; name="f"; filename=""', ""),
        ('form-data; name="f"', None),
    ],
)
def test_file_names(disposition: str, filename: str | None) -> None:
    """File names as browsers, Python and Go write them."""
    body = f"--B\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--B--\r\n".encode()
    assert multipart.parse(body, TYPE) == (Part("f", filename, "", b"x"),)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--B\r\n\r\nx\r\n--B--"),
        ("multipart/form-data; boundary=", b"--\r\n\r\nx\r\n----"),
        (f"multipart/form-data; boundary={'B' * 201}", b"--" + b"B" * 201 + b"--"),
        ("text/plain; boundary=B", b"--B\r\n\r\nx\r\n--B--"),
        ("", b"--B--"),
        (TYPE, b""),
        (TYPE, b"--A\r\n\r\nx\r\n--A--"),
        (TYPE, b"--B\r\n\r\nx\r\n"),
        (TYPE, b"--B\r\n\r\nx\r\n--B"),
        (TYPE, b"--B\r\nno header at all\r\n\r\nx\r\n--B--"),
        (TYPE, b"[multipart form data omitted]"),
    ],
)
def test_not_multipart(content_type: str, body: bytes) -> None:
    """What is not well-formed is not taken apart."""
    assert multipart.parse(body, content_type) is None


@given(
    st.lists(st.tuples(st.text("abc-_[]é", min_size=1, max_size=6), st.binary(max_size=40)), max_size=5),
    st.text("0123456789abcdefXYZ'()+_,-./:=?", min_size=30, max_size=60),
)
@settings(max_examples=100, deadline=None)
def test_parts_come_back_whatever_the_boundary(parts: list[tuple[str, bytes]], boundary: str) -> None:
    """Any bytes under any boundary come back as they were."""
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content + b"\r\n"
        for name, content in parts
    )
    body += f"--{boundary}--\r\n".encode()
    expected = tuple(Part(name, None, "", content) for name, content in parts)
    assert multipart.parse(body, f'multipart/form-data; boundary="{boundary}"') == expected
