/**
 * Who may ask: nobody from another page, nobody by another name for this machine, and where there is a key, nobody without
 * it. A page that somebody visits can send requests to addresses of their own machine; what stops it is looked at here.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ApiError } from "../errors.ts";
import { pagePaths } from "./page-files.ts";

/** Whom to let in. */
export interface GuardOptions {
  /** Asked for as a bearer token; anybody may ask if not given. */
  readonly apiKey?: string;
  /** Pages that may ask, as `https://example.org`; besides the server's own none if not given. */
  readonly origins?: readonly string[];
  /** Names of this machine that clients may use, besides those of its loopback. */
  readonly hosts?: readonly string[];
}

const loopback: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];
/** Where nobody needs a key: whether the server lives, and the page on which a key can be typed. */
const open = new Set(["/health", ...pagePaths]);

/** Looks at a request before its body is read. */
export class Guard {
  readonly #key: Buffer | undefined;
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;

  constructor({ apiKey, origins = [], hosts = [] }: GuardOptions) {
    this.#key = apiKey === undefined ? undefined : digest(apiKey);
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
    this.#hosts = new Set([...loopback, ...hosts.map(headerName)]);
  }

  /** @throws ApiError 403 for another host or origin, 401 without the key. */
  check(path: string, { host = "", origin, authorization = "" }: IncomingHttpHeaders): void {
    if (!this.#hosts.has(nameOf(host))) {
      const message = `This server does not answer to the name ${JSON.stringify(nameOf(host))}. Allow it with --allow-host.`;
      throw new ApiError(403, message, { code: "host_not_allowed" });
    }
    if (origin !== undefined && !this.allows(origin) && !isOwn(origin, host)) {
      const message = `Pages of ${origin} may not ask this server. Allow them with --cors ${origin}.`;
      throw new ApiError(403, message, { code: "origin_not_allowed" });
    }
    if (this.#key === undefined || open.has(path)) return;
    const given = /^Bearer +(.+)$/i.exec(authorization)?.[1];
    if (given !== undefined && timingSafeEqual(digest(given), this.#key)) return;
    const message =
      given === undefined ? "This server wants a key: Authorization: Bearer …." : "The key is not this server's.";
    throw new ApiError(401, message, { code: "invalid_api_key" });
  }

  /**
   * Who watches sees what others ask: without a key that is for this machine alone.
   * @throws ApiError 403 for a connection from elsewhere, or by a name that others may use, too.
   */
  checkWatcher({ host = "" }: IncomingHttpHeaders, address: string | undefined): void {
    if (this.#key || (loopback.includes(nameOf(host)) && isLoopback(address))) return;
    const message = "Who watches sees what others ask: from another machine that takes a key. Start with --api-key.";
    throw new ApiError(403, message, { code: "key_needed" });
  }

  /** Whether pages of an origin were named. */
  allows(origin: string): boolean {
    return this.#origins.has(origin.toLowerCase());
  }
}

/** Both have the same length, so that comparing takes the same time whatever was given. */
function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/** A name of this machine as a Host header has it: IPv6 addresses are in brackets there. */
function headerName(host: string): string {
  const name = host.toLowerCase();
  return name.includes(":") && !name.startsWith("[") ? `[${name}]` : name;
}

/** A Host header without its port. */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, "").toLowerCase();
}

function isLoopback(address = ""): boolean {
  return /^(::ffff:)?127\.|^::1$/i.test(address);
}

function isOwn(origin: string, host: string): boolean {
  return origin.toLowerCase() === `http://${host.toLowerCase()}`;
}
