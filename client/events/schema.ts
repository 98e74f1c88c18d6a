// The events that a log knows: for each name the type of its payload, a guard that recognizes one,
// and the key of what it is about. Events that can contradict each other form a group.
//
//   const notes = eventGroup({
//     name: 'notes',
//     events: { 'note.put': event<Note>({ guard: isNote, primaryKey: ({ id }) => id }) },
//   });

import type { EventRecord } from './entry.ts';

export interface EventType<Payload = unknown> {
  /** Whether a value is a payload of this event: what others wrote is asked too. */
  readonly guard: (value: unknown) => value is Payload;
  readonly primaryKey: (payload: Payload) => string;
}

// biome-ignore lint/suspicious/noExplicitAny: a payload's type stands on both sides of a function
export type EventTypes = Readonly<Record<string, EventType<any>>>;

export type PayloadOf<E> = E extends EventType<infer Payload> ? Payload : never;
export type NameOf<E extends EventTypes> = keyof E & string;
/** A record of one of the events, told apart by `event`. */
export type RecordOf<E extends EventTypes> = {
  [Name in NameOf<E>]: EventRecord<Name, PayloadOf<E[Name]>>;
}[NameOf<E>];

export interface EventGroup<E extends EventTypes = EventTypes> {
  readonly name: string;
  readonly events: E;
  /**
   * `one`, the default: of the entries with one primary key only the one that the conflict policy
   * prefers counts. `all`: each entry stands for itself.
   */
  readonly keeps?: 'one' | 'all';
}

/** What is done with the entries of a group. */
export interface Handlers<E extends EventTypes> {
  /**
   * An entry counts. Entries come in any order; where the group keeps one, an entry comes only if
   * it is preferred to all that came before it with its key.
   */
  apply(record: RecordOf<E>): void;
  /** Everything is forgotten, and comes again from the journal. */
  clear(): void;
}

export const event = <Payload>(type: EventType<Payload>): EventType<Payload> => type;

export const eventGroup = <const E extends EventTypes>(group: EventGroup<E>): EventGroup<E> =>
  group;
