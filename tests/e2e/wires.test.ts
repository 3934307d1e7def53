/** Every way in which a provider's answer can end, on every wire of `config.yaml`, plain and streamed. */
import { startStack, type Stack } from "../support/gateway";
import { runMatrix, TIMES } from "../faults/round";

let stack: Stack | undefined;
beforeAll(async () => {
  stack = await startStack({ workers: 2, gateway: TIMES });
}, 300_000);
afterAll(() => stack?.stop(), 60_000);

test("what was billed is charged, by 5 % at most more where the provider said it, and nothing stays held", async () => {
  const { violations } = await runMatrix(stack!, 1);
  expect(violations).toEqual([]);
}, 600_000);
