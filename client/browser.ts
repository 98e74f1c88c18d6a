// What a page bundles: the client and the browser's store. Nothing of Node.

export type { SyncRecord } from './collection.ts';
export { SyncError } from './errors.ts';
export { indexedDbStore } from './stores/indexeddb.ts';
export { SyncClient } from './sync_client.ts';
