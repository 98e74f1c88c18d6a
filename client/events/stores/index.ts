// The stores that come with a connection.

import type { EventLog } from '../log.ts';
import { ArtifactStore } from './artifact.ts';
import { AuditStore } from './audit.ts';
import { ChatHistoryStore } from './chat_history.ts';

export interface EventStores {
  readonly chat: ChatHistoryStore;
  readonly artifacts: ArtifactStore;
  readonly audit: AuditStore;
}

export const eventStores = (
  log: EventLog,
  platform: { now: () => number; newId: () => string },
): EventStores => ({
  chat: new ChatHistoryStore(log, platform),
  artifacts: new ArtifactStore(log),
  audit: new AuditStore(log),
});
