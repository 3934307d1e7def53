# The TypeScript services: the agent, and the ledger's exporter. Build context: the repository.
FROM node:22-bookworm-slim@sha256:43ac6c60b8f89723f746e8a92ce91abd5017e627ce1ddfe4238355d3a30b772c
WORKDIR /srv/tollgate
ENV NODE_ENV=production
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY tsconfig.json ./
COPY catalogue catalogue
COPY litellm-config/*.ts litellm-config/
COPY litellm-config/definitions litellm-config/definitions
COPY app app
COPY ops ops
USER node
ENTRYPOINT ["node", "--import", "tsx"]
CMD ["app/main.ts"]
