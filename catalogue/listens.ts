/** The port and address of our own TypeScript services. Google Cloud sets `PORT` and refuses another value. */
export function listens<const S extends string>(name: S) {
  return {
    compose: { PORT: { port: name } },
    local: { PORT: { port: name }, HOST: { setting: "bindAddress" } },
  } as const;
}
