// The way of a signed-in request into the user's own object: the core says which one that is, and
// the object whether the token is still good and the user has requests left.
//
// Where another object answers the request, to ask the user's own each time would double its cost.
// So this isolate takes several requests there at once, a lease, and counts them out by itself:
// - The object has counted them already: the user's limit holds, in however many isolates.
// - The core says how long a lease is good, and so how late a revoked token may be refused.
// - A lease is one token's, as it was verified for this very request.
// - The first is of one request, and each of twice as many as the one before, if that was used up
//   in time: who asks seldom loses none.
// - A refusal is not kept: the object is asked again.

import { Stopped } from './app.ts';
import { drive } from './drive.ts';
import { engine } from './engine.ts';
import type { Env } from './env.ts';
import type { IdentityFrame } from './frames.ts';
import { type Call, requestFrame } from './requests.ts';
import { type SpaceReply, workerHost } from './space_client.ts';

/** Requests in the largest lease (limits.h, kRequestsLeased). */
const LEASED_MAX = 10;

/** Tokens whose leases are kept; the oldest lease goes first. */
const LEASES_MAX = 1_000;

interface Lease {
  size: number;
  left: number;
  until: number; // in ms
}

const leases = new Map<string, Lease>();

/** The caller's space. Only then is its object woken. Throws Stopped. */
export async function enter(env: Env, identity: IdentityFrame): Promise<string> {
  const frame = requestFrame({ operation: 'enter', identity, params: {} }, null);
  const reply = await drive(engine(), frame, workerHost(env, identity));
  const { status, headers, data } = reply;
  if (data.space === undefined) throw new Stopped({ status, headers, data, body: reply.text() });
  return data.space;
}

/** A call that its object admits before it runs it. */
export function admitted(env: Env, call: Call): Call {
  return { ...call, requestsMax: env.REQUESTS_PER_MINUTE ?? '' };
}

/** Admits a request that the Worker itself answers. Throws Stopped. */
export async function admit(env: Env, identity: IdentityFrame): Promise<void> {
  await take(env, identity, 1);
}

/** The same, where requests may be counted a few at a time. Throws Stopped. */
export async function admitLeased(env: Env, identity: IdentityFrame): Promise<void> {
  const key = JSON.stringify(identity);
  const lease = leaseOf(key);
  if (lease !== undefined && lease.left > 0) {
    lease.left -= 1;
    return;
  }
  const size = lease === undefined ? 1 : Math.min(lease.size * 2, LEASED_MAX);
  // Those that come while the object is asked ask for themselves alone.
  leases.delete(key);
  const { granted, granted_until } = await take(env, identity, size);
  const other = leaseOf(key);
  leases.delete(key);
  leases.set(key, {
    size: Math.max(size, other?.size ?? 0),
    left: Number(granted) - 1 + (other?.left ?? 0),
    until: Math.min(Number(granted_until), other?.until ?? Infinity),
  });
  for (const [oldest] of leases) {
    if (leases.size <= LEASES_MAX) break;
    leases.delete(oldest);
  }
}

function leaseOf(key: string): Lease | undefined {
  const lease = leases.get(key);
  return lease !== undefined && Date.now() < lease.until ? lease : undefined;
}

/** Takes requests of the user, one at least: the data of the core's answer. Throws Stopped. */
async function take(
  env: Env,
  identity: IdentityFrame,
  requests: number,
): Promise<SpaceReply['data']> {
  const space = await enter(env, identity);
  const call = admitted(env, { operation: 'admit', identity, params: {} });
  const answer = await env.SPACE.get(env.SPACE.idFromName(space)).admit(call, requests);
  const { status, headers, data, body } = answer;
  if (status < 400) return data;
  throw new Stopped({ status, headers: headers as [string, string][], data, body });
}
