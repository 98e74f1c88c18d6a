// Alerts of the databases' health, by the clock, to Slack and to a monitor of one's own. Which are
// due says the core (sql_alerts.cc), from what each webhook was told before.
//
// - Each webhook has a state of its own. It is kept only once all alerts arrived: what did not is
//   due again with the next cron, in words of then.
// - The states lie in KV: the coordinator may be what is down, and its API has no place for them.
//   While KV fails this isolate remembers them; another one may repeat an alert, and none is lost.
// - A webhook's address is a secret: no message of an error goes to the log, since it may have it.

import type { Env } from '../env.ts';
import type { Params } from '../frames.ts';
import { logError, logEvent } from '../log.ts';
import { readCoordinator } from './coordinator.ts';
import { counted } from './counters.ts';
import { askCore, newReport } from './report.ts';

const STATES_KEY = 'health-alerts';
const WEBHOOK_MS = 5_000;

const NAMES = ['slack', 'monitoring'] as const;
type Name = (typeof NAMES)[number];
type States = Partial<Record<Name, string>>;

interface Alert extends Record<Name, object> {
  severity: string;
  message: string;
}

let remembered: States = {};
/** KV has not taken what is remembered. */
let isUnsaved = false;

const addressOf = (env: Env, name: Name): string | undefined =>
  (name === 'slack' ? env.SLACK_WEBHOOK_URL : env.MONITORING_WEBHOOK_URL) || undefined;

async function readStates(env: Env): Promise<States> {
  if (isUnsaved) return remembered;
  try {
    const states = await counted(env, 'kv', 'get', () => env.KV.get<States>(STATES_KEY, 'json'));
    return states ?? {};
  } catch (error) {
    logError(error, { event: 'alert.state_failed' });
    return remembered;
  }
}

async function writeStates(env: Env, states: States): Promise<void> {
  remembered = states;
  try {
    await counted(env, 'kv', 'put', () => env.KV.put(STATES_KEY, JSON.stringify(states)));
    isUnsaved = false;
  } catch (error) {
    isUnsaved = true;
    logError(error, { event: 'alert.state_failed' });
  }
}

/** Whether it arrived. */
async function post(name: Name, address: string, { severity, [name]: body }: Alert) {
  let why: string | number;
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(WEBHOOK_MS),
    });
    await response.body?.cancel();
    if (response.ok) {
      logEvent({ event: 'alert.sent', webhook: name, severity });
      return true;
    }
    why = response.status;
  } catch (error) {
    why = error instanceof Error ? error.name : 'Error';
  }
  logError('the webhook took no alert', { event: 'alert.failed', webhook: name, severity, why });
  return false;
}

/** What the webhook is to be told of a report, one after the other; its state from then on. */
async function tell(env: Env, name: Name, address: string, report: string, before: string) {
  const { body } = await askCore(env, 'sql_alerts', { report, state: before });
  const { alerts, state } = JSON.parse(body) as { alerts: Alert[]; state: object };
  for (const alert of alerts) {
    if (!(await post(name, address, alert))) return before;
  }
  return JSON.stringify(state);
}

/** The job. Without a webhook nothing is asked. */
export async function sendAlerts(env: Env): Promise<Params> {
  const told = NAMES.filter((name) => addressOf(env, name) !== undefined);
  if (told.length === 0) return { webhooks: '0' };
  const { text, overall } = await newReport(env);
  const before = await readStates(env);
  const after: States = { ...before };
  await Promise.all(
    told.map(async (name) => {
      const address = addressOf(env, name) ?? '';
      after[name] = await tell(env, name, address, text, before[name] ?? '');
    }),
  );
  if (JSON.stringify(after) !== JSON.stringify(before)) await writeStates(env, after);
  return { webhooks: String(told.length), overall };
}

/** Says in the log where keys are spread unevenly, or their counts are old. */
export async function warnOfBalance(env: Env): Promise<Params> {
  const stats = await readCoordinator(env, '/stats');
  const { body } = await askCore(env, 'sql_balance', { stats });
  const { balance, warnings } = JSON.parse(body) as {
    balance: boolean;
    warnings: { message: string; shards: unknown[] }[];
  };
  for (const { message, shards } of warnings) {
    logEvent({ event: 'shards.uneven', message, shards });
  }
  return { balance: String(balance) };
}
