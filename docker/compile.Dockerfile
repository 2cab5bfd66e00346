# `pbt-compile` alone, for CI: checks specs without a trainer, an engine or a GPU.
#
#   docker build --file docker/compile.Dockerfile --tag pbt-compile .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" pbt-compile --validate specs/
#
# Build it from the root of a checkout. Where run modules import more than `pbt_tui`, such as numpy:
# `--build-arg PACKAGES="numpy"`.
ARG BASE=python:3.13-slim
FROM ${BASE}

# The compiler needs these three; the screen, the engine and the driver are for the other commands.
ARG COMPILER="msgspec>=0.22,<0.30 PyYAML>=6.0.4,<7 jsonschema>=4.23,<5"
ARG PACKAGES=""
RUN pip install --no-cache-dir ${COMPILER} ${PACKAGES}

COPY pyproject.toml README.md LICENSE /src/
COPY docs/release.py /src/docs/
COPY schemas /src/schemas
COPY pbt_tui /src/pbt_tui
RUN pip install --no-cache-dir --no-deps /src && rm -r /src

ENV LANG=C.UTF-8
WORKDIR /work
USER 1000:1000
ENTRYPOINT ["pbt-compile"]
CMD ["--check"]
