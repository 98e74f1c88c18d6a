// What stores over the log have in common: they say what they hold, and tell when it changes.

import { Listeners } from '../../listeners.ts';
import type { EventLog } from '../log.ts';
import type { EventGroup, EventTypes, RecordOf } from '../schema.ts';

export interface Page<T> {
  items: T[];
  /** Given as `after` it gets the next page; null at the end. */
  next: string | null;
}

export interface PageOptions {
  after?: string;
  limit?: number;
}

export abstract class JournaledStore<E extends EventTypes> {
  readonly group: EventGroup<E>;
  protected readonly log: EventLog;
  readonly #changes = new Listeners<RecordOf<E> | null>();

  constructor(log: EventLog, group: EventGroup<E>) {
    this.log = log;
    this.group = group;
  }

  /** Hears of each entry that counts; null when all was read anew. Returns how to stop. */
  subscribe(listener: (record: RecordOf<E> | null) => void): () => void {
    return this.#changes.add(listener);
  }

  /** Called once, when the store is ready to hold something. */
  protected begin(): void {
    this.log.handle(this.group, {
      apply: (record) => {
        this.apply(record);
        this.#changes.tell(record);
      },
      clear: () => {
        this.clear();
        this.#changes.tell(null);
      },
    });
  }

  /** A page of the items in the order of their keys, which are unlike each other. */
  protected page<T>(
    items: Iterable<T>,
    keyOf: (item: T) => string,
    { after, limit = this.log.pageSize }: PageOptions,
  ): Page<T> {
    const rest = [...items].filter((item) => after === undefined || keyOf(item) > after);
    rest.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    return { items: page, next: last !== undefined && rest.length > limit ? keyOf(last) : null };
  }

  protected abstract apply(record: RecordOf<E>): void;
  protected abstract clear(): void;
}

/** A time as text that sorts like the number. */
export const timeKey = (ms: number): string => String(ms).padStart(16, '0');

type Kind = 'string' | 'number' | 'object';

/** Whether the value is an object that has these members, and of the optional ones only such. */
export function hasShape(
  value: unknown,
  needed: Record<string, Kind>,
  optional: Record<string, Kind> = {},
): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const members = value as Record<string, unknown>;
  const fits = (name: string, kind: Kind) =>
    members[name] !== null && typeof members[name] === kind;
  return (
    Object.entries(needed).every(([name, kind]) => fits(name, kind)) &&
    Object.entries(optional).every(([name, kind]) => !(name in members) || fits(name, kind))
  );
}
