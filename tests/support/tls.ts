import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";

export interface Certificates {
  /** Path of the authority's certificate, PEM. */
  ca: string;
  certificate: string;
  key: string;
}

/**
 * A private authority and a server's certificate that it signed, as Google's managed stores have them: a common name and
 * no alternative name.
 *
 * @param commonName As `project:instance` (Cloud SQL) or the address (Memorystore).
 */
export function privateCertificates(folder: string, name: string, commonName: string): Certificates {
  const path = (file: string) => join(folder, `${name}-${file}`);
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  const subject = `/CN=${commonName.replaceAll("/", "\\/")}`;
  const newKey = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-subj",
    `/CN=${name} CA`,
    "-keyout",
    path("ca.key"),
    "-out",
    path("ca.pem"),
  );
  openssl("req", ...newKey.slice(0, 3), "-subj", subject, "-keyout", path("key"), "-out", path("csr"));
  openssl(
    ...["x509", "-req", "-in", path("csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key")],
    ...["-CAcreateserial", "-days", "2", "-out", path("pem")],
  );
  return { ca: path("ca.pem"), certificate: path("pem"), key: path("key") };
}

/** Ends TLS in front of a server on this machine that does not speak it, on a free port. */
export async function terminateTls(
  { certificate, key }: Certificates,
  port: number,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) socket.on("error", () => (client.destroy(), upstream.destroy()));
    client.pipe(upstream).pipe(client);
  });
  // A client that refuses the certificate: it says so itself.
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
