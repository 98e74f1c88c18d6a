// What runs by the clock: the jobs of each cron expression of wrangler.toml. A job that fails does
// not stop those after it.

import { run } from './auth/operations.ts';
import type { Env } from './env.ts';
import type { Params } from './frames.ts';
import { logError, logEvent } from './log.ts';

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

export const crons: Readonly<Record<string, readonly Job[]>> = {
  '10 0 * * *': [],
  '30 2 * * *': [operationJob('prune_activity')],
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
