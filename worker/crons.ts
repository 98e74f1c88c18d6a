// What runs by the clock: the jobs of each cron expression of wrangler.toml. A job that fails does
// not stop those after it.

import { run } from './auth/operations.ts';
import type { Env } from './env.ts';
import type { Params } from './frames.ts';
import { logError, logEvent } from './log.ts';
import { sendAlerts, warnOfBalance } from './sql/alerts.ts';

export interface Job {
  name: string;
  /** `at` is when it was due, in ms. What it returns goes to the log. */
  run(env: Env, at: number): Promise<Params>;
}

/** An operation of the core that the Worker runs for nobody. */
function operationJob(operation: string): Job {
  return {
    name: operation,
    run: async (env) => {
      const { status, data } = await run(env, { operation, identity: null, params: {} });
      if (status >= 300) throw new Error(`${operation} answered ${status}`);
      return data;
    },
  };
}

/** One that runs in the object of every document; `resume`: only what an earlier run has left. */
function documentJob(operation: string, { resume = false } = {}): Job {
  return {
    name: operation,
    run: async (env, at) => {
      const { JOURNAL_DAYS: journal_days = '' } = env;
      const params = {
        run: operation,
        at: String(at),
        journal_days,
        ...(resume && { resume: '1' }),
      };
      const call = { operation: 'run_documents', identity: null, params };
      const { status, data } = await run(env, call);
      if (status >= 300) throw new Error(`${operation} answered ${status}`);
      return data;
    },
  };
}

export const crons: Readonly<Record<string, readonly Job[]>> = {
  '*/5 * * * *': [{ name: 'send_alerts', run: sendAlerts }],
  '10 0 * * *': [documentJob('snapshot_document')],
  // A crowd of strangers must not fill the database that sign-in needs before the night comes.
  // So many documents that one run does not reach them all: the rest of the day's and the night's.
  '20 * * * *': [
    operationJob('prune_activity'),
    documentJob('snapshot_document', { resume: true }),
    documentJob('compact_document', { resume: true }),
    { name: 'warn_of_balance', run: warnOfBalance },
  ],
  '30 2 * * *': [operationJob('prune_activity'), documentJob('compact_document')],
};

/** Runs the jobs of a cron, one after the other. */
export async function runJobs(
  jobs: readonly Job[],
  { cron, scheduledTime }: Pick<ScheduledController, 'cron' | 'scheduledTime'>,
  env: Env,
): Promise<void> {
  for (const { name, run: runJob } of jobs) {
    const started = Date.now();
    try {
      const data = await runJob(env, scheduledTime);
      const duration_ms = Date.now() - started;
      logEvent({ event: 'cron.completed', cron, job: name, duration_ms, ...data });
    } catch (error) {
      logError(error, { event: 'cron.failed', cron, job: name });
    }
  }
}

export const scheduled: ExportedHandlerScheduledHandler<Env> = (controller, env) =>
  runJobs(crons[controller.cron] ?? [], controller, env);
