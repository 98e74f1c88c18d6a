// What the routes share: a request's context, and how it is answered when it goes no further.

import type { Context } from 'hono';
import type { Env } from './env.ts';
import type { LogEvent } from './log.ts';
import { Refused } from './refused.ts';
import type { SpaceReply } from './space_client.ts';

/** `sent`: the bytes of the answer's body, where they are known. */
export type App = { Bindings: Env; Variables: { log: LogEvent; sent?: number } };

/** What the core answered, on its way to the caller. */
export type Answer = SpaceReply & { body: BodyInit | null };

/** The core's answer in place of going on. */
export class Stopped extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`stopped with ${answer.status}`);
    this.answer = answer;
  }
}

/** The status by which an error answers its request. */
export const statusOf = (error: unknown): number =>
  error instanceof Refused ? error.status : error instanceof Stopped ? error.answer.status : 500;

export function problem(
  c: Context<App>,
  status: number,
  error: string,
  message: string,
  help?: string,
): Response {
  c.get('log').error = error;
  if (status === 401) c.header('www-authenticate', 'Bearer'); // RFC 6750, section 3
  return c.json({ error, message, help }, status as 400);
}

/** Some statuses have no body, and not an empty one either. */
export const bodyFor = <Body>(status: number, body: Body): Body | null =>
  status === 204 || status === 304 ? null : body;

/** The core's answer as the response; what the log gets of its data is the caller's choice. */
export function respond({ status, headers, body }: Answer): Response {
  const response = new Response(bodyFor(status, body), { status, headers });
  if (status === 401) response.headers.set('www-authenticate', 'Bearer');
  return response;
}
