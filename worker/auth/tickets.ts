// Tickets of WebSockets, for browsers, which send no header with an upgrade.

import { Stopped } from '../app.ts';
import type { Env } from '../env.ts';
import type { IdentityFrame } from '../frames.ts';
import { newSecret, run } from './operations.ts';

/** A ticket of the caller, as the core answers it. */
export async function issueTicket(env: Env, identity: IdentityFrame) {
  return run(env, { operation: 'issue_ticket', identity, params: { secret: newSecret() } });
}

/** Whose the ticket is; it is used up. Throws Stopped. */
export async function redeemTicket(env: Env, ticket: string): Promise<IdentityFrame> {
  const call = { operation: 'redeem_ticket', identity: null, params: { ticket } };
  const answer = await run(env, call);
  if (answer.status !== 200) throw new Stopped(answer);
  return JSON.parse(answer.body) as IdentityFrame;
}
