// How queries of shards, KV and the coordinator went, as this isolate saw them: counted since it
// started, and a figure of each in Analytics Engine, which sees all isolates.

import { observed } from '../../client/sql/observe.ts';
import type { Observer, SqlEvent } from '../../client/sql/types.ts';
import { measure } from '../log.ts';

export interface Figures {
  asked: number;
  failed: number;
  /** A share, from 0 to 1. */
  errorRate: number;
  meanMs: number;
  maxMs: number;
}

class Counter {
  #asked = 0;
  #failed = 0;
  #sumMs = 0;
  #maxMs = 0;

  add({ ms, ok }: SqlEvent): void {
    this.#asked += 1;
    this.#failed += ok ? 0 : 1;
    this.#sumMs += ms;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  get figures(): Figures {
    const asked = Math.max(this.#asked, 1);
    return {
      asked: this.#asked,
      failed: this.#failed,
      errorRate: this.#failed / asked,
      meanMs: Math.round((this.#sumMs / asked) * 10) / 10,
      maxMs: this.#maxMs,
    };
  }
}

export class Counters {
  readonly #shards = new Map<string, Counter>();
  readonly #kv = new Counter();
  readonly #coordinator = new Counter();
  #since: number | undefined;

  add(event: SqlEvent): void {
    this.#since ??= Date.now();
    this.#counterOf(event).add(event);
  }

  #counterOf({ of, shard = '' }: SqlEvent): Counter {
    if (of === 'kv') return this.#kv;
    if (of === 'coordinator') return this.#coordinator;
    const counter = this.#shards.get(shard) ?? new Counter();
    this.#shards.set(shard, counter);
    return counter;
  }

  /** When the first was counted, in ms. */
  get since(): number | null {
    return this.#since ?? null;
  }
  get kv(): Figures {
    return this.#kv.figures;
  }
  get coordinator(): Figures {
    return this.#coordinator.figures;
  }
  shard(name: string): Figures {
    return (this.#shards.get(name) ?? new Counter()).figures;
  }
}

/** The isolate's. */
export const counters = new Counters();

/** Counts here alone: for probes, which say little of how real queries fare. */
export const countHere: Observer = (event) => counters.add(event);

/** Counts, and measures. */
export function observerOf(analytics: AnalyticsEngineDataset | undefined): Observer {
  return (event) => {
    counters.add(event);
    const { of, shard = of, operation, ms, ok, code = '' } = event;
    measure(analytics, `sql.${of}_ms`, ms, shard, operation, ok ? 'ok' : code);
  };
}

/** Asks KV or the coordinator for what is no probe: counted, and measured. */
export function counted<T>(
  { ANALYTICS }: { ANALYTICS?: AnalyticsEngineDataset | undefined },
  of: 'kv' | 'coordinator',
  operation: string,
  ask: () => Promise<T>,
): Promise<T> {
  return observed({ onQuery: observerOf(ANALYTICS), clock: Date }, { of, operation }, ask);
}
