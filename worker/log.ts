// One structured line an event, on the console that Cloudflare collects. Nothing secret goes in: no
// token, no query string, no mail address.

export interface LogEvent {
  event: string;
  user_id?: string | undefined;
  [field: string]: unknown;
}

export function logEvent(event: LogEvent): void {
  console.log(JSON.stringify(event));
}

/** An error by name and message; its stack stays in the runtime's own trace. */
export function logError(error: unknown, event: LogEvent): void {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const cause =
    error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined;
  console.error(JSON.stringify({ ...event, error: name, message, cause }));
}

/** A figure in Analytics Engine, where it is bound; otherwise nothing. It fails no request. `index`
 * is whose it is: a user's id, or a shard. */
export function measure(
  analytics: AnalyticsEngineDataset | undefined,
  name: string,
  value: number,
  index: string,
  ...labels: string[]
): void {
  try {
    analytics?.writeDataPoint({ blobs: [name, ...labels], doubles: [value], indexes: [index] });
  } catch (error) {
    logError(error, { event: 'measure.failed', index });
  }
}
