// What was done, by whom, to what: each entry stands for itself, and none is ever changed.

import type { EntryId } from '../entry_id.ts';
import type { EventLog } from '../log.ts';
import { event, eventGroup, type RecordOf } from '../schema.ts';
import { hasShape, JournaledStore, type Page, type PageOptions } from './journaled.ts';

export interface AuditNote {
  actor: string;
  action: string;
  target?: string;
  /** Anything a payload can hold. */
  details?: Record<string, unknown>;
}

export interface AuditRecord extends AuditNote {
  id: EntryId;
  /** Milliseconds, by the clock of who wrote it. */
  time: number;
}

const isNote = (value: unknown): value is AuditNote =>
  hasShape(value, { actor: 'string', action: 'string' }, { target: 'string', details: 'object' });

export const auditEvents = eventGroup({
  name: 'audit',
  keeps: 'all',
  events: {
    'audit.recorded': event<AuditNote>({
      guard: isNote,
      primaryKey: ({ actor, target }) => target ?? actor,
    }),
  },
});

type AuditEvents = (typeof auditEvents)['events'];

export class AuditStore extends JournaledStore<AuditEvents> {
  readonly #records = new Map<EntryId, AuditRecord>();

  constructor(log: EventLog) {
    super(log, auditEvents);
    this.begin();
  }

  async record(note: AuditNote): Promise<AuditRecord> {
    const { id, time } = await this.log.write(auditEvents, 'audit.recorded', note);
    return { ...note, id, time };
  }

  /** In the order of time. */
  list(options: PageOptions = {}): Page<AuditRecord> {
    return this.page(this.#records.values(), ({ id }) => id, options);
  }

  protected override apply({ id, time, payload }: RecordOf<AuditEvents>): void {
    this.#records.set(id, { ...payload, id, time });
  }

  protected override clear(): void {
    this.#records.clear();
  }
}
