// The way of a signed-in request into the user's own object: the core says which one that is, and
// the object whether the token is still good and the user has requests left.

import { Stopped } from './app.ts';
import { drive } from './drive.ts';
import { engine } from './engine.ts';
import type { Env } from './env.ts';
import type { IdentityFrame } from './frames.ts';
import { type Call, requestFrame } from './requests.ts';
import { workerHost } from './space_client.ts';

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
  const space = await enter(env, identity);
  const call = admitted(env, { operation: 'admit', identity, params: {} });
  const refused = await env.SPACE.get(env.SPACE.idFromName(space)).admit(call);
  if (refused === null) return;
  const { status, headers, data, body } = refused;
  throw new Stopped({ status, headers: headers as [string, string][], data, body });
}

/** The same, where requests may be counted a few at a time. Throws Stopped. */
export async function admitLeased(env: Env, identity: IdentityFrame): Promise<void> {
  await admit(env, identity);
}
