/**
 * CompatCanary, a public scanner of servers that say they speak OpenAI's protocol: its plain probes pass. Its other two want a call
 * that must come and a form that the answer must have, which this server refuses: it says so, with the field.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openScripted, type ScriptedServer } from "./scripted.ts";

interface Report {
  readonly scanner: { readonly version: string };
  readonly results: {
    readonly id: string;
    readonly status: string;
    readonly error?: { readonly httpStatus?: number; readonly responseBody?: unknown };
  }[];
}

const command = fileURLToPath(new URL("./cli.js", import.meta.resolve("compatcanary")));
let server: ScriptedServer;
beforeAll(async () => {
  server = await openScripted({ pieces: ["CANARY_OK"], apiKey: "secret" });
  server.say("CANARY_OK");
});
afterAll(() => server.close());

async function scan(profile: string): Promise<Report> {
  const flags = ["--base-url", `${server.url}/v1`, "--model", "script", "--profile", profile, "--format", "json"];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [command, "scan", ...flags, "--fail-on", "never", "--timeout", "30"],
    { env: { ...process.env, OPENAI_API_KEY: "secret" } },
  );
  return JSON.parse(stdout) as Report;
}

it.each(["modern", "chat"])("profile %s", async (profile) => {
  const { scanner, results } = await scan(profile);
  expect(scanner.version).toBe("0.2.2");
  const plain = ["models.list", "chat.basic", "chat.streaming"];
  const responses = profile === "modern" ? ["responses.basic", "responses.streaming"] : [];
  expect(results.filter(({ status }) => status === "pass").map(({ id }) => id)).toEqual([...plain, ...responses]);
  const refused = results.filter(({ status }) => status !== "pass");
  expect(refused.map(({ id, error }) => [id, error?.httpStatus])).toEqual([
    ["chat.tool_call", 400],
    ["chat.structured_output", 400],
  ]);
  const said = refused.map(({ error }) => JSON.stringify(error?.responseBody));
  for (const [i, param] of ["tool_choice", "response_format"].entries()) {
    expect(said[i]).toContain("unsupported_parameter");
    expect(said[i]).toContain(param);
  }
});
