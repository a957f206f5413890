# bildwerk without the embedded services: docs/docker.md says how it is meant to be run.
# Base images are pinned by tag; whoever needs the same bytes every time adds `@sha256:...` of the one they checked.

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
RUN python -m venv /opt/bildwerk
COPY requirements/runtime.txt requirements/
RUN /opt/bildwerk/bin/python -m pip install --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY contracts contracts
COPY db db
COPY handlers handlers
COPY consumers consumers
COPY bildwerk bildwerk
RUN /opt/bildwerk/bin/python -m hatchling build -t wheel -d dist
RUN /opt/bildwerk/bin/python -m pip install --no-index --no-deps dist/*.whl
RUN /opt/bildwerk/bin/python -m pip uninstall --yes hatchling editables pip

FROM python:3.13-slim-trixie
# A new volume takes over owner and mode of what it is mounted on: any user may write to these two.
RUN install -d -m 1777 /var/cache/bildwerk /secrets
COPY --from=build /opt/bildwerk /opt/bildwerk
ENV PATH=/opt/bildwerk/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BILDWERK_MEDIA_ROOT=/media \
    BILDWERK_CACHE_FOLDER=/var/cache/bildwerk \
    BILDWERK_WEB_HOST=0.0.0.0 \
    BILDWERK_WEB_PORT=8080
USER 10001:10001
WORKDIR /
EXPOSE 8080
# Whether the process lives. That it has all it needs is /readyz: no reason to end it, it waits.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-Ic", "from http.client import HTTPConnection as H; h = H('127.0.0.1', 8080, timeout=8); h.request('GET', '/healthz'); raise SystemExit(h.getresponse().status != 200)"]
ENTRYPOINT ["bildwerk"]
CMD ["serve"]
