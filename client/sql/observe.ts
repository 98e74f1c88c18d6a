// What a router tells an observer of each thing that it asked: of a shard, of KV, of the
// coordinator. The observer is told when it is over, and can neither change nor fail it.

import { messageOf } from './errors.ts';
import type { Clock, Observer, SqlEvent } from './types.ts';

export interface Observed {
  onQuery: Observer | undefined;
  clock: Pick<Clock, 'now'>;
}

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'FAILED';
};

function tell(onQuery: Observer, event: SqlEvent): void {
  try {
    onQuery(event);
  } catch (error) {
    console.warn('The observer of queries failed:', messageOf(error));
  }
}

type Asked = Pick<SqlEvent, 'of' | 'shard' | 'operation'>;

/** Asks, and tells how that went. */
export function observed<T>(
  { onQuery, clock }: Observed,
  asked: Asked,
  ask: () => Promise<T>,
): Promise<T> {
  return onQuery === undefined ? ask() : timed(onQuery, clock, asked, ask);
}

async function timed<T>(
  onQuery: Observer,
  clock: Observed['clock'],
  asked: Asked,
  ask: () => Promise<T>,
): Promise<T> {
  const since = clock.now();
  try {
    const answer = await ask();
    tell(onQuery, { ...asked, ms: clock.now() - since, ok: true });
    return answer;
  } catch (error) {
    tell(onQuery, { ...asked, ms: clock.now() - since, ok: false, code: codeOf(error) });
    throw error;
  }
}
