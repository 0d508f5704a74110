# An image that holds what `npm pack` would publish, with exactly the dependencies of package-lock.json, and a Node to run it.
#
#   docker build -t marketprism .
#   docker run -d --name marketprism --read-only --tmpfs /tmp -v marketprism:/data -m 4g --stop-timeout 15 \
#     --cap-drop all --security-opt no-new-privileges -p 127.0.0.1:8087:8087 -p 127.0.0.1:9092:9092 marketprism
#
# For linux/amd64: package.json brings the Node of the repository's tools as a package of that platform only.

FROM docker.io/library/node:24-bookworm-slim AS build
WORKDIR /src
# Alone, so that a change of the sources does not fetch the dependencies again.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# Node does not strip types below node_modules: the program is built, and stands where an installed package would. There
# bin/marketprism.mjs runs the build.
RUN npm run build \
 && npm pack --ignore-scripts --pack-destination /tmp \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && find node_modules -type d -empty -delete \
 && mkdir -p /opt/marketprism \
 && cp -a node_modules /opt/marketprism/ \
 && mkdir /opt/marketprism/node_modules/marketprism \
 && tar -xzf /tmp/marketprism-*.tgz --strip-components=1 --no-same-owner -C /opt/marketprism/node_modules/marketprism

FROM docker.io/library/node:24-bookworm-slim
# tini is process 1: it hands signals on and reaps what a killed process leaves behind, so `--init` is not needed. What installs
# packages is of no use at run time, but to an intruder.
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log /usr/local/lib/node_modules /opt/yarn-* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
 && install -d -o 1000 -g 1000 -m 0750 /data
COPY --from=build /opt/marketprism /opt/marketprism
COPY ops/docker/healthcheck.mjs /opt/marketprism/
COPY ops/docker/marketprism.yaml /etc/marketprism/
RUN ln -s /opt/marketprism/node_modules/marketprism/bin/marketprism.mjs /usr/local/bin/marketprism

# Arguments come last: a change of them costs no layer that holds files.
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="marketprism" \
      org.opencontainers.image.description="A crypto market-data collector that keeps verified order books and every trade" \
      org.opencontainers.image.source="https://github.com/marketprism/marketprism" \
      org.opencontainers.image.documentation="https://github.com/marketprism/marketprism/blob/main/docs/OPERATIONS.md" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

# What Node has compiled is kept with the temporary files. Where /tmp cannot be written either, it is compiled again at each start.
ENV NODE_COMPILE_CACHE=/tmp/node-compile-cache
# The user `node` of the base image. As a number, so that Kubernetes can tell that it is not root.
USER 1000:1000
WORKDIR /data
VOLUME /data
EXPOSE 8087 9092
# A signal to tini ends the supervisor, which ends its processes within ten seconds: allow 15 (`--stop-timeout 15`).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["node", "/opt/marketprism/healthcheck.mjs"]
ENTRYPOINT ["/usr/bin/tini", "--", "marketprism"]
CMD ["start", "--config", "/etc/marketprism/marketprism.yaml", "--data", "/data"]
