# tokentape in a container. What it is for and how to run it: addon/docs/docker.md
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY addon addon
COPY cassettes cassettes
RUN python -m venv /opt/tokentape
RUN /opt/tokentape/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.13-slim
COPY --from=build /opt/tokentape /opt/tokentape
# Any user may run it (--user, for recordings that belong to you), so the home is open as /tmp is, and so is
# the folder of the authority: a volume put there takes over who may write into it, and would be root's without it.
RUN useradd --uid 10001 --create-home tokentape && chmod 1777 /home/tokentape && install -d -m 1777 /cassettes /home/tokentape/.mitmproxy
ENV PATH=/opt/tokentape/bin:$PATH HOME=/home/tokentape PYTHONUNBUFFERED=1
USER 10001
# The library is "cassettes" unless a variable says otherwise, so here it is /cassettes.
WORKDIR /
VOLUME /cassettes
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8080, timeout=2); c.request('GET', '/-/tokentape/health'); exit(c.getresponse().status != 200)"]
ENTRYPOINT ["tokentape"]
CMD ["serve", "--host", "0.0.0.0"]
