// The event log: what an app imports from `tidemark/events`. `tidemark/events/file`
// has the journal for Node and Bun.

export { indexedDbStore } from '../stores/indexeddb.ts';
export { memoryStore } from '../stores/memory.ts';
export type { StoreOpener } from '../stores/store.ts';
export { type Compaction, compactByCount } from './compaction.ts';
export {
  type AuthConfig,
  type EncryptionConfig,
  type Mode,
  type Provider,
  parseRemote,
  parseStorage,
  presets,
  type Remote,
  type RemoteConfig,
  type Secret,
  type Storage,
  type StorageConfig,
} from './config.ts';
export { type ConflictPolicy, type Contender, lastWriteWins } from './conflicts.ts';
export type { Duration } from './duration.ts';
export type { EventRecord } from './entry.ts';
export type { EntryId } from './entry_id.ts';
export { millisOf, uuidOf } from './entry_id.ts';
export { EventsError } from './errors.ts';
export {
  exportIdentity,
  generateIdentity,
  type Identity,
  importIdentity,
} from './identity.ts';
export type { EntryPage, EventLog, LogNews } from './log.ts';
export { connectRemoteSync, type RemoteSync, type RemoteSyncOptions } from './runtime.ts';
export {
  type EventGroup,
  type EventType,
  type EventTypes,
  event,
  eventGroup,
  type Handlers,
  type RecordOf,
} from './schema.ts';
export { type Artifact, type ArtifactStore, artifactEvents } from './stores/artifact.ts';
export { type AuditNote, type AuditRecord, type AuditStore, auditEvents } from './stores/audit.ts';
export {
  type ChatHistoryStore,
  type ChatMessage,
  chatEvents,
  type NewMessage,
} from './stores/chat_history.ts';
export type { EventStores } from './stores/index.ts';
export type { Page, PageOptions } from './stores/journaled.ts';
export type { Arrival } from './sync/inbox.ts';
export type { SyncService } from './sync/service.ts';
export {
  layerWebSocketBrowser,
  layerWebSocketBun,
  layerWebSocketNode,
  layerWebSocketWorker,
  type SocketLike,
  type WebSocketConstructor,
  type WebSocketLayer,
} from './sync/sockets.ts';
export type { SyncState, SyncStatus } from './sync/status.ts';
