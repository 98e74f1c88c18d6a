// The package's entry: what an app imports. `tidemark/sqlite` has the store for Node.

export type { Data, Json } from './answer.ts';
export type {
  Collection,
  ListOptions,
  Owned,
  SyncRecord,
  TransactionCollection,
} from './collection.ts';
export { DB } from './documents/db.ts';
export { DocumentError } from './documents/errors.ts';
export { HttpAdapter } from './documents/http_adapter.ts';
export type {
  Activity,
  ActivityPage,
  Adapter,
  Administration,
  Allowances,
  Change,
  CollectionView,
  Confirm,
  Conflict,
  Copy,
  DailySnapshot,
  Database,
  DbChange,
  DbOptions,
  DbStatus,
  DeleteOptions,
  DocumentConfig,
  DocumentRecord,
  EditOptions,
  HeadersSource,
  HttpOptions,
  Mutation,
  Operation,
  PutOptions,
  Queue,
  QueueOptions,
  QueueState,
  QueueStatus,
  Refused,
  Side,
} from './documents/types.ts';
export { WriteQueue } from './documents/write_queue.ts';
export { SyncError } from './errors.ts';
export type { Presence } from './presence.ts';
export type { Notice, Rejection, Rejections } from './rejections.ts';
export type { Declaration } from './replica.ts';
export type { Phase, Status } from './status.ts';
export { type IndexedDbOptions, indexedDbStore } from './stores/indexeddb.ts';
export { memoryStore } from './stores/memory.ts';
export type { Store, StoreOpener } from './stores/store.ts';
export { type Schema, SyncClient, type SyncOptions, type Transaction } from './sync_client.ts';
export type { TokenSource } from './token.ts';
