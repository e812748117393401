# Builds the sandbox and packs what runs: docker build -t wooshpay-sandbox .
# Nothing here depends on the architecture: the base is there for amd64 and arm64, and what is packed is JavaScript.

FROM node:24-bookworm-slim AS build
WORKDIR /app
# The packages before the sources, so that a change of the sources installs nothing anew.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
# The tools go once they have built; what runs is copied from here, so that no configuration of npm gets into the image.
RUN npm run build && npm prune --omit=dev --no-audit --no-fund && mkdir /data

FROM node:24-bookworm-slim
# As in package.json; a test compares them.
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="wooshpay-sandbox" \
      org.opencontainers.image.description="A local sandbox of the WooshPay payment API and the DANA wallet, for integration tests" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/fixtures/*.json ./fixtures/
COPY --from=build /app/fixtures/scenarios ./fixtures/scenarios
COPY --from=build /app/openapi/*.json ./openapi/
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# The user "node" of the base; by number, so that it can be told not to be root. It owns the state and none of the program.
COPY --from=build --chown=1000:1000 /data /data
USER 1000:1000
# All addresses, since a published port does not arrive at 127.0.0.1. The state is a file in a folder of its own:
# a lock lies beside it, and a compaction renames a new file over it, which a single mounted file would not let happen.
ENV HOST=0.0.0.0 DATA_FILE=/data/sandbox.json
VOLUME /data
EXPOSE 6262
# Asks where HOST, PORT and TLS_CERT of the environment say; it does not see flags.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "/app/dist/main.js", "wait", "--wait-timeout-ms", "3000"]
# Without a shell, so that node is process 1 and gets the signals.
ENTRYPOINT ["node", "/app/dist/main.js"]
