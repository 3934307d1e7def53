import { usd } from "../../../litellm-config";
import type { Customer, Gateway } from "../../support/gateway";
import { pdf, png } from "../../support/files";

const PDF = "application/pdf";
let images = 0;

/** A new image at each call, so that the cache is out of the way. */
const image = (edge = 900) => png(edge, 100 + ++images);

type Ask = (prompt: string, images: string[], documents: string[], more?: object) => Record<string, unknown>;

/** A question with files, in the words of each API. */
const APIS: Record<string, Ask> = {
  "/v1/chat/completions": (text, images, documents, more) => ({
    max_tokens: 50,
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text },
          ...images.map((data) => ({
            type: "image_url",
            image_url: { url: `data:image/png;base64,${data}` },
          })),
          ...documents.map((data) => ({
            type: "file",
            file: { filename: "bill.pdf", file_data: `data:${PDF};base64,${data}` },
          })),
        ],
      },
    ],
    ...more,
  }),
  "/v1/messages": (text, images, documents, more) => ({
    max_tokens: 50,
    messages: [
      {
        role: "user",
        content: [
          ...images.map((data) => ({
            type: "image",
            source: { type: "base64", media_type: "image/png", data },
          })),
          ...documents.map((data) => ({
            type: "document",
            source: { type: "base64", media_type: PDF, data },
          })),
          { type: "text", text },
        ],
      },
    ],
    ...more,
  }),
  "/v1/responses": (text, images, documents, more) => ({
    messages: undefined,
    max_output_tokens: 50,
    input: [
      {
        role: "user",
        content: [
          ...images.map((data) => ({ type: "input_image", image_url: `data:image/png;base64,${data}` })),
          ...documents.map((data) => ({
            type: "input_file",
            filename: "bill.pdf",
            file_data: `data:${PDF};base64,${data}`,
          })),
          { type: "input_text", text },
        ],
      },
    ],
    ...more,
  }),
};
const PATHS = Object.keys(APIS);
const CHAT = PATHS[0]!;

/** Images and documents are held, charged and refused as any prompt is. */
export function files(gateway: Gateway): void {
  const ask = (
    customer: Customer,
    model: string,
    path: string,
    images: string[],
    documents: string[],
    more?: object,
  ) =>
    customer.call(model, {
      path,
      body: APIS[path]!(`[[${customer.id}]] what is this?`, images, documents, more),
    });

  test.each(
    PATHS.flatMap((path) =>
      ["simple", "analysis", "claude-haiku-4-5"].map((model) => [path, model] as const),
    ),
  )("%s: an answer of %s about images and a document is charged as it is billed", async (path, model) => {
    const customer = await gateway.customer("tier_3");
    for (const more of [{}, { stream: true }]) {
      const { status, text } = await ask(
        customer,
        model,
        path,
        [image(), image(60)],
        [pdf(3, `bill ${++images}`)],
        more,
      );
      expect([status, status === 200 ? "" : text]).toEqual([200, ""]);
    }
    const { billed, booked, calls } = await customer.settled();
    expect(calls.map(({ outcome }) => outcome)).toEqual(["success", "success"]);
    expect(booked).toBe(billed);
    const [sent] = await customer.requests();
    // Two images and three pages, by the provider's own count.
    expect(sent!.usage.promptTokens).toBeGreaterThan(2_500);
    for (const call of calls) expect(call.held_nanos).toBeGreaterThanOrEqual(call.cost_nanos!);
  });

  test("files go along to the fallback", async () => {
    const customer = await gateway.customer("tier_3");
    await customer.behave({ model: "gemini-3.8-flash", status: 503 });
    const { status } = await ask(customer, "simple", CHAT, [image()], [pdf(2, "bill")]);
    expect(status).toBe(200);
    const { billed, booked } = await customer.settled();
    expect(booked).toBe(billed);
    const answered = (await customer.requests()).filter(({ outcome }) => outcome === "success");
    expect(answered.map(({ model }) => model)).toEqual(["claude-haiku-4-5"]);
  });

  test.each([
    { usage: "omitted" },
    { usage: "null" },
    { usage: "zero" },
    { cutAfterChunks: 0 },
    { cutAfterChunks: 2 },
    { errorAfterChunks: 1 },
    { body: "cut_json" },
    { body: "html" },
    { status: 500 },
  ] as Parameters<Customer["behave"]>[0][])(
    "what an answer costs that ends with %p is charged at least",
    async (behaviour) => {
      for (const stream of [false, true]) {
        for (const model of ["simple", "analysis"]) {
          const customer = await gateway.customer("tier_3");
          await customer.behave({ ...behaviour, times: 1 });
          await ask(customer, model, CHAT, [image(), image()], [pdf(2, "bill")], { stream });
          const { billed, booked } = await customer.settled();
          expect(booked).toBeGreaterThanOrEqual(billed);
        }
      }
    },
  );

  test.each([
    ["images", [2_000, 2_000], 0],
    ["documents", [], 4],
  ] as const)("forty calls with %s at once never pass what is left", async (_, edges, pages) => {
    const customer = await gateway.customer("tier_3");
    await customer.leaveInSession(usd("0.06"));
    await customer.behave({ outputTokens: 40, latencyMs: 100 });
    const documents = pages > 0 ? [pdf(pages, "bill")] : [];
    await Promise.all(
      Array.from({ length: 40 }, () =>
        ask(
          customer,
          "analysis",
          CHAT,
          edges.map((edge) => image(edge)),
          documents,
        ),
      ),
    );
    const { billed, booked } = await customer.settled(30);
    expect(booked).toBe(billed);
    expect(billed).toBeGreaterThan(0);
    expect(billed).toBeLessThanOrEqual(usd("0.06"));
  });

  test("a document that the provider does not count is not sent", async () => {
    const customer = await gateway.customer("tier_3");
    await customer.behave({ endpoint: "count", status: 400 });
    const { status, body, headers } = await ask(customer, "analysis", CHAT, [], [pdf(1, "bill")]);
    expect([status, body.error?.code]).toEqual([503, "document_uncounted"]);
    expect(headers.get("retry-after")).toBe("2");
    expect(await customer.requests()).toEqual([]);
    expect(await customer.calls()).toEqual([]);
  });
}
