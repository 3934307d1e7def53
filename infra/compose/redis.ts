import type { Service } from "../../catalogue";
import type { ComposeService } from "./schema";
import { withSecrets } from "./with-secrets";

/** The part of its memory that Redis fills; the rest is for its buffers and the copy that it saves to disk. */
const FILLS = 0.75;

/**
 * Redis with its password in a file of its own: on the command line every process of the machine could read it.
 * It never evicts, as Langfuse's queue lives in it.
 */
export function redisProgram({
  image,
  memoryMiB,
}: Service): Pick<ComposeService, "entrypoint" | "command" | "secrets" | "volumes"> {
  const settings = [
    `maxmemory ${Math.floor(memoryMiB * FILLS)}mb`,
    "maxmemory-policy noeviction",
    "dir /data",
  ];
  const script = [
    "umask 077",
    `printf '%s\\n' "requirepass $$REDIS_PASSWORD" ${settings.map((line) => `'${line}'`).join(" ")} > /tmp/redis.conf`,
    "chown redis:redis /tmp/redis.conf",
    "exec docker-entrypoint.sh redis-server /tmp/redis.conf",
  ].join("\n");
  return withSecrets({ REDIS_PASSWORD: "redis-password" }, { image, program: ["/bin/sh", "-euc", script] });
}
