# The image of the GitHub action, and of the report jobs of the orb and the GitLab template: Python as
# far as the program can import it, git, a shell, and nothing else. Each deploy job pulls all of it.
# The base is a build argument: a release names it by its digest
# (--build-arg BASE=python:3.13-slim@sha256:…), and a stand-in for it will do.
ARG BASE=python:3.13-slim

# hadolint ignore=DL3006
FROM ${BASE} AS build
WORKDIR /src
# hadolint ignore=DL3008
RUN if ! command -v git || ! command -v strip || ! command -v busybox; then \
      apt-get update && apt-get install --yes --no-install-recommends git binutils busybox; \
    fi
COPY requirements/build.txt requirements/run.txt requirements/
RUN python -m venv /build \
 && /build/bin/python -m pip install --no-cache-dir --require-hashes --requirement requirements/build.txt \
 && python -m venv --without-pip /opt/devlake-ci \
 && python -m pip --python /opt/devlake-ci/bin/python install --no-cache-dir --no-compile --require-hashes \
    --requirement requirements/run.txt
# Its scripts start Python with -I: in a job nothing of the checkout is imported, whatever PYTHONPATH says.
# A release installs the very wheel that it publishes: --build-arg WHEEL=dist/devlake_ci-….whl
ARG WHEEL=LICENSE
COPY pyproject.toml README.md LICENSE ${WHEEL} ./
COPY src src
RUN if ! ls devlake_ci-*.whl; then \
      /build/bin/python -m pip wheel --no-cache-dir --no-deps --no-build-isolation .; \
    fi \
 && python -m pip --python /opt/devlake-ci/bin/python install --no-cache-dir --no-compile --no-deps ./*.whl \
 && sed -i '1s/$/ -I/' /opt/devlake-ci/bin/devlake-ci*
COPY tools/contents.py tools/image.py tools/inventory.py tools/
RUN python tools/image.py /out /opt/devlake-ci

FROM scratch
COPY --from=build /out/ /
ENV PATH="/opt/devlake-ci/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin" LANG="C.UTF-8"
# No USER: the runner demands root, whose files in the workspace and its command files it shares.
# No ENTRYPOINT: GitLab's and CircleCI's jobs start a shell in the image. The command is what a plugin's
# step runs in Drone and Woodpecker; elsewhere it shows the help.
CMD ["devlake-ci-plugin"]
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="devlake-ci" \
      org.opencontainers.image.description="Tells Apache DevLake from any CI pipeline what was deployed" \
      org.opencontainers.image.source="https://github.com/devlake-ci/devlake-ci" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
