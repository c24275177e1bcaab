/** A body that is checked: what is wrong with it, in a sentence, and where. */
import type { z } from "zod";
import { ApiError } from "../errors.ts";

/** @throws ApiError 400 that names the first field that is wrong. */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new ApiError(400, "The body is not a JSON object.", { code: "invalid_body" });
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const { path, message } = deepest(parsed.error.issues[0]);
  const param = path.map(String).join(".");
  const sentence = param === "" ? message : `${param}: ${message}`;
  throw new ApiError(400, `${sentence}${/[.!?]$/.test(sentence) ? "" : "."}`, { param, code: "invalid_value" });
}

/** What is wrong with a key; and of a field that may have several forms, with the form that comes nearest. */
function deepest(issue: z.core.$ZodIssue): { readonly path: readonly PropertyKey[]; readonly message: string } {
  if (issue.code === "invalid_key") return { path: issue.path, message: issue.issues[0]?.message ?? issue.message };
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const inner = issue.errors.flatMap((issues) => issues.slice(0, 1).map(deepest));
  const far = inner.reduce((best, each) => (each.path.length > best.path.length ? each : best));
  if (far.path.length > 0) return { path: [...issue.path, ...far.path], message: far.message };
  // The right type, and still wrong.
  const near = issue.errors.flatMap((issues) => issues.slice(0, 1)).find(({ code }) => code !== "invalid_type");
  if (near) return { path: issue.path, message: deepest(near).message };
  // No form comes near: all of them are told.
  const forms = issue.errors.flatMap((issues) => issues.flatMap((each) => ("expected" in each ? [each.expected] : [])));
  return { path: issue.path, message: forms.length > 0 ? `expected ${[...new Set(forms)].join(" or ")}` : far.message };
}
