// A whole Worker for end-to-end tests: `wrangler dev` on a free port, with fresh storage. Its
// limits are out of the way and its mail stays here, unless a test's own variables say otherwise.

import { randomBytes } from 'node:crypto';
import { Server } from '../kill/server.mjs';

const ROOMY = { REQUESTS_PER_MINUTE: '1000000', LINKS_PER_15_MINUTES: '1000000', MAIL: 'local' };

export interface RunningWorker {
  /** Such as http://127.0.0.1:40123. */
  url: string;
  /** What signs its tokens. */
  secret: string;
  /** Kills the runtime under it, which comes back by itself a moment later. */
  kill(): void;
  untilHealthy(): Promise<void>;
  stop(): Promise<void>;
}

/** Whoever starts one stops it. */
export async function startWorker(vars: Record<string, string> = {}): Promise<RunningWorker> {
  const secret = randomBytes(32).toString('hex');
  const server = new Server();
  try {
    await server.start(secret, { ...ROOMY, ...vars });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    url: server.url,
    secret,
    kill: () => server.kill(),
    untilHealthy: () => server.untilHealthy(),
    stop: () => server.stop(),
  };
}

/** The link in the last mail to an address. */
export async function linkTo(url: string, email: string): Promise<string> {
  const response = await fetch(`${url}/dev/mail`, { headers: { accept: 'application/json' } });
  const mails = (await response.json()) as { to: string; text: string }[];
  const text = mails.find(({ to }) => to === email)?.text ?? '';
  const link = /https?:\S+/.exec(text)?.[0];
  if (link === undefined) throw new Error(`no mail to ${email}`);
  return link;
}

/** Signs in as a program does: a token of the address's user. */
export async function signIn(url: string, email: string): Promise<string> {
  const asked = await fetch(`${url}/auth/magic-link`, {
    method: 'POST',
    body: JSON.stringify({ email }),
    headers: { 'content-type': 'application/json' },
  });
  if (asked.status !== 202) throw new Error(`${asked.status}: ${await asked.text()}`);
  const headers = { accept: 'application/json' };
  const verified = await fetch(await linkTo(url, email), { headers });
  return ((await verified.json()) as { jwt: string }).jwt;
}
