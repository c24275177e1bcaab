/** What a client is told when something is wrong: OpenAI's bodies, and a status for each kind. */
import { RequestError } from "../serve/index.ts";

/** The body of an error. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** The field that is wrong, as a path. */
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** Statuses and what OpenAI calls their errors. */
const types: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "invalid_request_error",
  403: "invalid_request_error",
  404: "invalid_request_error",
  405: "invalid_request_error",
  413: "invalid_request_error",
  415: "invalid_request_error",
  429: "rate_limit_error",
};

/** An error with a status. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;
  /** Whether the same request may do better later. */
  readonly retry: boolean;

  constructor(
    status: number,
    message: string,
    {
      code = null,
      param = null,
      retry = status === 429 || status === 503,
    }: Partial<Pick<ApiError, "code" | "param" | "retry">> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
    this.retry = retry;
  }

  /** As a client reads it. */
  get body(): ErrorBody {
    const { message, param, code, status } = this;
    return { error: { message, type: types[status] ?? "server_error", param, code } };
  }
}

/** Why a request was ended before it was done: it took too long, nobody is there to read the answer, or the server stops. */
export const ended = {
  tooLong: () =>
    new ApiError(504, "The request was ended: it took longer than this server allows.", {
      code: "timeout",
      retry: false,
    }),
  gone: () => new ApiError(499, "The client is gone.", { code: "client_gone", retry: false }),
  stopped: () => new ApiError(503, "The server is being stopped, and has ended this request.", { code: "closing" }),
};

/** Which field an engine's refusal is about, and with which status it is told. */
const refusals: Readonly<Record<string, { readonly status: number; readonly param?: string }>> = {
  queue_full: { status: 429 },
  closing: { status: 503 },
  failed: { status: 503 },
  invalid_max_tokens: { status: 400, param: "max_tokens" },
  invalid_n: { status: 400, param: "n" },
};

/** Whatever was thrown, as what a client is told: nothing of the inside, unless it is about the request. */
export function apiErrorOf(thrown: unknown, promptField: string): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (!(thrown instanceof RequestError)) {
    const message = "The server failed at this request. Its log says why.";
    return new ApiError(500, message, { code: "internal_error", retry: false });
  }
  const { status, param = status === 400 ? promptField : undefined } = refusals[thrown.code] ?? { status: 400 };
  return new ApiError(status, thrown.message, { code: thrown.code, param: param ?? null });
}
