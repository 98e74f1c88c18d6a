// Lengths of time as people write them: '5 seconds', '500 millis', '1 minute', or milliseconds.

import { EventsError } from './errors.ts';

type Unit = 'milli' | 'millisecond' | 'second' | 'minute' | 'hour' | 'day' | 'week';

export type Duration = number | `${number} ${Unit}` | `${number} ${Unit}s`;

const msOf: Record<Unit, number> = {
  milli: 1,
  millisecond: 1,
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};

/** Milliseconds. Throws `invalid_config`, which names the setting. */
export function durationMs(value: unknown, setting: string): number {
  const [, count, unit] = /^\s*(\d+(?:\.\d+)?)\s+([a-z]+?)s?\s*$/.exec(String(value)) ?? [];
  const factor = unit === undefined ? undefined : (msOf as Record<string, number>)[unit];
  const ms =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && factor !== undefined
        ? Number(count) * factor
        : Number.NaN;
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new EventsError(
    'invalid_config',
    `${setting} is ${JSON.stringify(value)}: give milliseconds, or text such as '5 seconds'`,
  );
}
