/** What a service needs of its surroundings: programs, locale, time zone, proxies, certificates. */
const INHERITED =
  /^(PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|https?_proxy|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|NODE_EXTRA_CA_CERTS|GRPC_DEFAULT_SSL_ROOTS_FILE_PATH)$/i;

/**
 * The environment of a service: a few inherited variables and its own. The rest of the caller's environment stays out, so
 * that a key in someone's shell reaches only the service it is meant for.
 */
export function serviceEnvironment(own: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
  // The services reach each other on this machine, whatever proxy leads out of it.
  const noProxy = [process.env.NO_PROXY ?? process.env.no_proxy, "127.0.0.1", "localhost"]
    .filter(Boolean)
    .join(",");
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return Object.fromEntries([...inherited, ["NO_PROXY", noProxy], ["no_proxy", noProxy], ...given]);
}
