import { portOf, type Service } from "../../catalogue";
import { redisSettings } from "../../catalogue/redis";

/** Redis with its password in its own file: on the command line every process of the machine could read it. */
export function redisProgram(service: Service): string[] {
  const settings = Object.entries({
    port: String(portOf(service.name)),
    ...redisSettings(service),
    dir: "/data",
  }).map(([name, value]) => `'${name} ${value}'`);
  const script = [
    "umask 077",
    `printf '%s\\n' "requirepass $$REDIS_PASSWORD" ${settings.join(" ")} > /tmp/redis.conf`,
    "chown redis:redis /tmp/redis.conf",
    "exec docker-entrypoint.sh redis-server /tmp/redis.conf",
  ].join("\n");
  return ["/bin/sh", "-euc", script];
}
