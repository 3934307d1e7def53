import { GoogleAuth } from "google-auth-library";
import { Webhook } from "standardwebhooks";
import { z } from "zod";
import type { TollgateEvent } from "./events";

/** A place that events go to. */
export interface Receiver {
  name: string;
  /** @throws DeliveryError when it did not take the event. */
  send(event: TollgateEvent): Promise<void>;
}

/** An event was not taken. */
export class DeliveryError extends Error {
  /** @param gone The receiver answered 410: it wants no more of these. */
  constructor(
    message: string,
    readonly gone = false,
  ) {
    super(message);
  }
}

const named = z.strictObject({
  webhook: z.strictObject({ url: z.url({ protocol: /^https?$/ }), secret: z.string() }).optional(),
  topic: z.string().optional(),
});

/**
 * The receivers that a text names.
 *
 * @param text JSON such as `{"webhook": {"url": "https://...", "secret": "whsec_..."}, "topic": "projects/p/topics/t"}`; none of it
 *   is needed.
 * @throws Error that names the field and the remedy, never a secret.
 */
export function readReceivers(text: string | undefined): Receiver[] {
  let json: unknown;
  try {
    json = JSON.parse(text || "{}");
  } catch {
    throw new Error("TOLLGATE_EVENTS_RECEIVERS (set): must be JSON; `events deliver --help` shows it");
  }
  const result = named.safeParse(json);
  if (!result.success) {
    const [{ path, message }] = result.error.issues as [z.core.$ZodIssue];
    throw new Error(`${["TOLLGATE_EVENTS_RECEIVERS", ...path].join(".")} (set): ${message}`);
  }
  const { webhook, topic } = result.data;
  return [
    ...(webhook ? [webhookReceiver(webhook.url, webhook.secret)] : []),
    ...(topic ? [pubSubReceiver(topic)] : []),
  ];
}

const TIMEOUT_MS = 15_000;

/** The body that a receiver gets. */
function payload({ at, type, data }: TollgateEvent): string {
  return JSON.stringify({ type, timestamp: at, data });
}

/**
 * A webhook that is signed as Standard Webhooks has it: `webhook-id` (the event's), `webhook-timestamp`, `webhook-signature`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param secret `whsec_` and 24 to 64 bytes in base64.
 * @throws Error when the secret is not that.
 */
export function webhookReceiver(url: string, secret: string): Receiver {
  const bytes = Buffer.from(secret.replace(/^whsec_/, ""), "base64").length;
  if (!secret.startsWith("whsec_") || bytes < 24 || bytes > 64) {
    throw new Error(
      "webhook.secret of TOLLGATE_EVENTS_RECEIVERS (set): must be whsec_ and 24 to 64 bytes in base64; make one by " +
        "`echo whsec_$(openssl rand -base64 32)`",
    );
  }
  const webhook = new Webhook(secret);
  return {
    name: "webhook",
    async send(event) {
      const body = payload(event);
      const now = new Date();
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "webhook-id": event.eventId,
          "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
          "webhook-signature": webhook.sign(event.eventId, now, body),
        },
        body,
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new DeliveryError(`HTTP ${response.status}`, response.status === 410);
    },
  };
}

/**
 * A topic of Pub/Sub, with the event's id, type and customer as attributes.
 * https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish
 *
 * @param topic As "projects/my-project/topics/tollgate-events".
 * @param endpoint Another address, for tests.
 */
export function pubSubReceiver(
  topic: string,
  endpoint = "https://pubsub.googleapis.com",
  token: () => Promise<string | null | undefined> = accessToken(),
): Receiver {
  if (!/^projects\/[^/]+\/topics\/[^/]+$/.test(topic)) {
    throw new Error(
      `topic of TOLLGATE_EVENTS_RECEIVERS (is "${topic}"): use one such as projects/my-project/topics/tollgate-events`,
    );
  }
  return {
    name: "Pub/Sub",
    async send(event) {
      const { eventId, type, customerId } = event;
      const attributes = { event_id: eventId, type, ...(customerId && { customer_id: customerId }) };
      const data = Buffer.from(payload(event)).toString("base64");
      const response = await fetch(`${endpoint}/v1/${topic}:publish`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${await token()}` },
        body: JSON.stringify({ messages: [{ data, attributes }] }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok)
        throw new DeliveryError(`HTTP ${response.status}: ${(await response.text()).slice(0, 200)}`);
      await response.body?.cancel();
    },
  };
}

function accessToken(): () => Promise<string | null | undefined> {
  const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/pubsub" });
  return () => auth.getAccessToken();
}
