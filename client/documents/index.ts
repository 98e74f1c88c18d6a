// The documents SDK: what an app imports from `tidemark/documents`, and a page, as one
// module, from a Worker's /coreenginedb/client.js. `tidemark/documents/file` has the store
// for Node.

export { indexedDbStore } from '../stores/indexeddb.ts';
export { memoryStore } from '../stores/memory.ts';

export { DB } from './db.ts';
export { DocumentError } from './errors.ts';
export { HttpAdapter } from './http_adapter.ts';
export type * from './types.ts';
export { WriteQueue } from './write_queue.ts';
