import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A message as Alertmanager sends it to Slack's incoming webhook. */
export interface SlackMessage {
  attachments: {
    title: string;
    title_link: string;
    text: string;
    color: string;
    footer: string;
    actions: { text: string; url: string }[];
  }[];
}

/** An event as Alertmanager sends it to PagerDuty's Events API v2. */
export interface PagerDutyEvent {
  routing_key: string;
  event_action: "trigger" | "resolve";
  payload: { summary: string; severity: string; class: string; component: string };
  links: { href: string; text: string }[];
}

export interface NotificationReceiver {
  url: string;
  slack: SlackMessage[];
  pagerduty: PagerDutyEvent[];
  /** Names of the alerts that came to the dead man's switch (`/heartbeat`), a list a message. */
  heartbeats: string[][];
  /** The first Slack message whose title holds the text; rejects when there is none in time. */
  slackMessage(title: string, timeoutMs: number): Promise<SlackMessage["attachments"][0]>;
  close(): Promise<void>;
}

/** A server that answers as Slack's incoming webhook (`/slack`) and PagerDuty's Events API (`/pagerduty`) do, and remembers. */
export async function startNotificationReceiver(port = 0): Promise<NotificationReceiver> {
  const slack: SlackMessage[] = [];
  const pagerduty: PagerDutyEvent[] = [];
  const heartbeats: string[][] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      if (request.url === "/slack") {
        slack.push(JSON.parse(body) as SlackMessage);
        response.end("ok");
      } else if (request.url === "/pagerduty") {
        pagerduty.push(JSON.parse(body) as PagerDutyEvent);
        response.writeHead(202).end(`{"status":"success"}`);
      } else if (request.url === "/heartbeat") {
        const { alerts } = JSON.parse(body) as { alerts: { labels: { alertname: string } }[] };
        heartbeats.push(alerts.map(({ labels }) => labels.alertname));
        response.end("OK");
      } else {
        response.writeHead(404).end();
      }
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");

  const find = (title: string) =>
    slack.flatMap(({ attachments }) => attachments).find((each) => each.title.includes(title));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    slack,
    pagerduty,
    heartbeats,
    async slackMessage(title, timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const found = find(title);
        if (found) return found;
        if (Date.now() > deadline) {
          const titles = slack.flatMap(({ attachments }) => attachments).map((each) => each.title);
          throw new Error(`no Slack message "${title}" in ${timeoutMs} ms; there are: ${titles.join("; ")}`);
        }
        await sleep(100);
      }
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
