/** The port and address of our own TypeScript services. On Google Cloud the platform sets `PORT` itself and refuses another. */
export function listens<const S extends string>(name: S) {
  return {
    compose: { PORT: { port: name } },
    local: { PORT: { port: name }, HOST: { setting: "bindAddress" } },
  } as const;
}
