"""Small cassettes in each format, as the tools that own the formats write them.

The rule: they are text, so that a test can change a value and count lines.
"""

# go-vcr v4, its own indentation.
GO_VCR = """\
---
version: 2
interactions:
    - id: 0
      request:
        proto: HTTP/1.1
        proto_major: 1
        proto_minor: 1
        content_length: 7
        host: api.openai.com
        body: '{"n":1}'
        headers:
            Content-Type:
                - application/json
        url: https://api.openai.com/v1/chat/completions
        method: POST
      response:
        proto: HTTP/2.0
        proto_major: 2
        proto_minor: 0
        content_length: 12
        body: hello world!
        headers:
            Content-Length:
                - "12"
            Content-Type:
                - text/plain
        status: 200 OK
        code: 200
        duration: 250ms
"""

# VCR.py, version 1.
VCR_PY = """\
interactions:
- request:
    body: '{"n": 1}'
    headers:
      accept:
      - '*/*'
      content-type:
      - application/json
    method: POST
    uri: https://api.openai.com/v1/chat/completions
  response:
    body:
      string: '{"text": "from VCR.py"}'
    headers:
      content-length:
      - '23'
      content-type:
      - application/json
    status:
      code: 200
      message: OK
version: 1
"""

# aoai-api-simulator; the digest is the MD5 of the body.
SIMULATOR = """\
interactions:
- context_values:
    Deployment-Name: gpt-35-turbo-100m-token
  request:
    body: '{"n": 1}'
    body_hash: 6ad82e5bc1ffe9d1fe8b2d3e2f9cf1d5
    headers:
      accept:
      - '*/*'
      content-type:
      - application/json
    method: POST
    uri: https://api.openai.com/v1/chat/completions
  response:
    body:
      string: '{"text": "from the simulator"}'
    duration_ms: 10
    headers:
      content-type:
      - application/json
    status:
      code: 200
version: 1
"""
