import { router, type Service } from "../../catalogue";

/** Where the router itself answers. */
export const ROUTER_HEALTH = "/healthz";

/**
 * nginx in front of the services that share an instance: `/loki/x` is `/x` of Loki. Everything that it writes is in `/tmp`.
 */
export function routerConfig(members: Pick<Service, "name" | "port">[]): Record<string, string> {
  const locations = members.map(
    ({ name, port }) => `    location /${name}/ {
      proxy_pass http://127.0.0.1:${port}/;
    }`,
  );
  return {
    "nginx.conf": `worker_processes 1;
error_log /dev/stderr warn;
pid /tmp/nginx.pid;

events {
  worker_connections 512;
}

http {
  access_log off;
  client_body_temp_path /tmp/client-body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  # Cloud Run takes no larger request.
  client_max_body_size 32m;

  # Loki's live tail is a WebSocket.
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' '';
  }
  proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;
  proxy_read_timeout 300s;

  server {
    listen ${router.port};

    location = ${ROUTER_HEALTH} {
      return 200;
    }
${locations.join("\n")}
    location / {
      return 404;
    }
  }
}
`,
  };
}
