// The health report of SQL over many databases. It is kept in the isolate for a while, so that
// whoever asks often makes nobody work: only one request at a time probes for those without a
// name, and the others wait for what it found.
//
// What one request began no other may await: they share results alone, never a promise.

import { run } from '../auth/operations.ts';
import type { Env } from '../env.ts';
import type { Params } from '../frames.ts';
import { type Probed, probe } from './probes.ts';
import { PROBE_MS } from './within.ts';

export interface Report {
  /** When it was made, in ms. */
  at: number;
  overall: string;
  status: number;
  /** As the core wrote it. */
  text: string;
  probed: Probed;
}

/** How old a report may be that anyone is answered from. */
export const KEPT_MS = 15_000;

const WAIT_MS = 50;
/** A probe is over by then: KV's is two, one after the other. */
const PROBING_MS = 3 * PROBE_MS;

let kept: Report | undefined;
let probingUntil = 0;

/** An operation of the core that asks for nothing: its body. Throws unless it was answered 2xx. */
export async function askCore(env: Env, operation: string, params: Params) {
  const { status, data, body } = await run(env, { operation, identity: null, params });
  if (status < 300) return { body, data };
  throw new Error(`${operation} answered ${status}: ${body}`);
}

async function make(env: Env, writes: boolean): Promise<Report> {
  const probed = await probe(env, { writes });
  const { probes, stats } = probed;
  const params = { probes: JSON.stringify(probes), stats };
  const { body, data } = await askCore(env, 'sql_health', params);
  const { overall = 'unhealthy', http_status } = data;
  kept = { at: Date.now(), overall, status: Number(http_status), text: body, probed };
  return kept;
}

/** A new one. */
export const newReport = (env: Env): Promise<Report> => make(env, true);

const recent = (): Report | undefined =>
  kept !== undefined && Math.abs(Date.now() - kept.at) < KEPT_MS ? kept : undefined;

/** One that is a few seconds old at most. */
export async function recentReport(env: Env): Promise<Report> {
  // The clock of a Worker may stand still, so rounds are counted.
  for (let round = 0; round < PROBING_MS / WAIT_MS; round += 1) {
    const report = recent();
    if (report !== undefined) return report;
    if (Date.now() >= probingUntil) break;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  probingUntil = Date.now() + PROBING_MS;
  try {
    return await make(env, false);
  } finally {
    probingUntil = 0;
  }
}
