import { SessionStore, type EndReason } from "../../app/sessions";

let now = 0;
let ended: Array<[string, EndReason]>;
let store: SessionStore<string>;
beforeEach(() => {
  now = 0;
  ended = [];
  store = new SessionStore<string>({
    idleMs: 1_000,
    perCustomer: 2,
    onEnd: (value, reason) => ended.push([value, reason]),
    now: () => now,
  });
});
afterEach(() => store.close());

test("forgets an idle session, and keeps one in use", () => {
  store.set("one", "used", "used");
  store.set("one", "idle", "idle");
  now = 900;
  expect(store.get("one", "used")).toBe("used");
  now = 1_100;
  expect(store.get("one", "used")).toBe("used");
  expect(store.get("one", "idle")).toBeUndefined();
  expect(ended).toEqual([["idle", "expired"]]);
});

test("keeps a customer's sessions to their number, and no other customer's", () => {
  store.set("two", "s", "of two");
  store.set("one", "a", "a");
  store.set("one", "b", "b");
  store.get("one", "a");
  store.set("one", "c", "c");
  expect(ended).toEqual([["b", "replaced"]]);
  expect(["a", "c"].map((id) => store.get("one", id))).toEqual(["a", "c"]);
  expect(store.get("two", "s")).toBe("of two");
});

test("keeps the same session id of two customers apart", () => {
  store.set("one", "s", "of one");
  expect(store.get("two", "s")).toBeUndefined();
  store.set("two", "s", "of two");
  store.end("two", "s", "closed");
  expect(store.get("one", "s")).toBe("of one");
});

test("ends what is left when it closes, each once", () => {
  store.set("one", "a", "a");
  store.set("two", "b", "b");
  store.close();
  store.close();
  expect(ended).toEqual([
    ["a", "shutdown"],
    ["b", "shutdown"],
  ]);
  expect(store.size).toBe(0);
});
