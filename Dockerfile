# One image for every service and role; the command says which (see k8s/charts/lantoa).
# Pin the base by its digest where you build: --build-arg PYTHON_IMAGE=docker.io/library/python@sha256:…
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements.lock ./
RUN ["python", "-m", "venv", "/opt/lantoa"]
RUN ["/opt/lantoa/bin/python", "-m", "pip", "install", "--require-hashes", "--no-deps", "-r", "requirements.lock"]
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY libs ./libs
COPY services ./services
COPY sandbox ./sandbox
COPY k8s/image/prune.py ./
RUN ["/opt/lantoa/bin/python", "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "."]
RUN ["/opt/lantoa/bin/python", "prune.py"]

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Lan Tỏa" org.opencontainers.image.licenses="Apache-2.0"
# The image's files are root's and only read; what a process writes goes to mounted folders and /tmp.
ENV PATH=/opt/lantoa/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /opt/lantoa /opt/lantoa
WORKDIR /
USER 10001:10001
EXPOSE 8000
CMD ["lantoa", "--help"]
