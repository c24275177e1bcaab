/** Who may ask: with which key, by which name of the machine, from which page. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Guard } from "../../src/api/node/guard.ts";
import { RawClient, written } from "./raw.ts";
import { openScripted, post, type ScriptedServer } from "./scripted.ts";

const messages = [{ role: "user", content: "Say it." }];
const page = "https://page.example";
let server: ScriptedServer;
let keyed: ScriptedServer;

beforeAll(async () => {
  server = await openScripted({ pieces: ["word "], origins: [page], hosts: ["box.local", "2001:db8::7"] });
  keyed = await openScripted({ pieces: ["word "], apiKey: "secret", origins: [page] });
});
afterAll(async () => {
  await server.close();
  await keyed.close();
});

const codeOf = ({ status, body }: { status: number; body: string }): [number, string | undefined] => [
  status,
  status < 300 ? undefined : (JSON.parse(body) as { error: { code: string } }).error.code,
];

describe("the key", () => {
  const ask = async (authorization: string, path = "/v1/models") =>
    codeOf(await RawClient.ask(keyed.url, written(path, undefined, { authorization })));

  it.each([
    ["missing", ""],
    ["another", "Bearer other"],
    ["the beginning of it", "Bearer secre"],
    ["more than it", "Bearer secrets"],
    ["in other letters", "Bearer SECRET"],
    ["by another scheme", "Basic secret"],
    ["without a scheme", "secret"],
    ["an empty one", "Bearer "],
  ])("%s: 401", async (_, authorization) => {
    expect(await ask(authorization)).toEqual([401, "invalid_api_key"]);
  });

  it("a refusal says by which scheme, as HTTP wants it", async () => {
    const { status, headers } = await fetch(`${keyed.url}/v1/models`);
    expect([status, headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  });

  it.each(["Bearer secret", "bearer secret", "Bearer   secret"])("%s is let in", async (authorization) => {
    expect(await ask(authorization)).toEqual([200, undefined]);
  });

  it("/health needs none; everything else does, also what is not there, and a body is not read before", async () => {
    expect(await ask("", "/health")).toEqual([200, undefined]);
    for (const path of ["/metrics", "/v1/nothing", "/health/", "/tokenize", "//health", "/health/../metrics"])
      expect([path, ...(await ask("", path))]).toEqual([path, 401, "invalid_api_key"]);
    const { status } = await post(`${keyed.url}/v1/completions`, "{ this is no JSON");
    expect(status).toBe(401);
    expect((await post(`${keyed.url}/v1/completions`, "{}", { authorization: "Bearer secret" })).status).toBe(400);
  });

  it("no answer and no line has the key", async () => {
    const { body, head } = await RawClient.ask(
      keyed.url,
      written("/v1/models", undefined, { authorization: "Bearer secrets" }),
    );
    expect(body + head).not.toContain("secret");
    expect(keyed.lines.join()).not.toContain("secret");
  });
});

describe("the name of the machine: a name that somebody else has pointed here is refused", () => {
  it.each([
    "127.0.0.1",
    "localhost",
    "LOCALHOST:8000",
    "localhost:1",
    "[::1]",
    "[::1]:8000",
    "box.local:8000",
    "[2001:db8::7]:8000",
    "[2001:DB8::7]",
  ])("%s is a name of this machine", async (host) => {
    const { status } = await RawClient.ask(server.url, written("/v1/models", undefined, { host }));
    expect(status).toBe(200);
  });

  it.each([
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example@localhost",
    "192.0.2.7",
    "[::2]",
    "[2001:db8::8]",
    "127.0.0.2",
  ])("%s is not: 403, also for /health", async (host) => {
    for (const path of ["/v1/models", "/health"])
      expect(codeOf(await RawClient.ask(server.url, written(path, undefined, { host })))).toEqual([
        403,
        "host_not_allowed",
      ]);
  });

  it("none is none; and the address that the server listens to is one of its names", async () => {
    expect(codeOf(await RawClient.ask(server.url, "GET /v1/models HTTP/1.0\r\n\r\n"))).toEqual([
      403,
      "host_not_allowed",
    ]);
    const guard = new Guard({ hosts: ["fe80::1", "0.0.0.0"] });
    for (const host of ["[fe80::1]:8000", "0.0.0.0:8000"]) guard.check("/", { host });
    expect(() => guard.check("/", { host: "[fe80::2]:8000" })).toThrow("does not answer to the name");
  });

  it("over IPv6", async () => {
    const own = await openScripted({ host: "::1" }).catch((error: NodeJS.ErrnoException) => error);
    if (own instanceof Error) {
      expect(["EADDRNOTAVAIL", "EAFNOSUPPORT"]).toContain((own as NodeJS.ErrnoException).code); // a machine without it
      return;
    }
    expect(own.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${own.url}/v1/models`)).status).toBe(200);
    await own.close();
  });
});

describe("pages", () => {
  const from = (origin: string, more: Record<string, string> = {}) => ({ origin, ...more });
  const preflight = (origin: string) =>
    written("/v1/chat/completions", undefined, {
      ...{ ":method": "OPTIONS", origin, "access-control-request-method": "POST" },
      "access-control-request-headers": "authorization, content-type",
    });

  it("one that was named: its preflight, its request, a stream, and errors that it can read", async () => {
    const { status, head } = await RawClient.ask(keyed.url, preflight(page));
    expect(status).toBe(204);
    expect(head).toContain(`access-control-allow-origin: ${page}`);
    expect(head).toContain("access-control-allow-headers: authorization, content-type");
    expect(head).toMatch(/access-control-allow-methods: .*post/);
    const plain = await RawClient.ask(keyed.url, written("/v1/models", undefined, from(page)));
    expect(plain.status).toBe(401);
    expect(plain.head).toContain(`access-control-allow-origin: ${page}`);
    expect(plain.head).toMatch(/vary: .*origin/);
    const streamed = await RawClient.ask(
      server.url,
      written("/v1/chat/completions", { messages, stream: true }, from(page)),
    );
    expect([streamed.status, streamed.head.includes("text/event-stream")]).toEqual([200, true]);
    expect(streamed.head).toContain(`access-control-allow-origin: ${page}`);
  });

  it.each([
    "https://evil.example",
    "http://page.example",
    "https://page.example:8443",
    "https://page.example.evil.example",
    "https://sub.page.example",
    "null",
    "",
    "*",
  ])("%j was not: 403 for its preflight and its request, and nothing that would let it read", async (origin) => {
    const asked = written("/v1/chat/completions", { messages }, { origin: origin === "" ? " " : origin });
    const before = server.steps();
    for (const text of [asked, preflight(origin === "" ? " " : origin)]) {
      const answer = await RawClient.ask(server.url, text);
      expect(codeOf(answer)).toEqual([403, "origin_not_allowed"]);
      expect(answer.head).not.toContain("access-control-");
    }
    expect(server.steps()).toBe(before);
  });

  it("the server's own page may ask, by the name by which it was opened alone", async () => {
    const { host } = new URL(server.url);
    const own = await RawClient.ask(server.url, written("/v1/models", undefined, { host, origin: `http://${host}` }));
    expect(own.status).toBe(200);
    const other = await RawClient.ask(
      server.url,
      written("/v1/models", undefined, { host, origin: "http://127.0.0.1:1" }),
    );
    expect(codeOf(other)).toEqual([403, "origin_not_allowed"]);
  });

  it("a page that was named does not make another name of the machine right", async () => {
    const text = written("/v1/models", undefined, { host: "evil.example", origin: page });
    expect(codeOf(await RawClient.ask(server.url, text))).toEqual([403, "host_not_allowed"]);
  });
});
