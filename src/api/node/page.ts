/** The page to chat with the model and to watch the engine; placed here for now. */
import type { FastifyInstance } from "fastify";
import type { OpenAiService } from "../service.ts";

/** Its routes. */
export async function pageRoutes(_app: FastifyInstance, _service: OpenAiService): Promise<void> {}
