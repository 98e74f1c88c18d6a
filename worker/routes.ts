// The route table: every path, its methods, and the operation that answers it. Literal segments
// come before parameters, and every first segment is a reserved id (wasm/ops/access.cc).

import schema from '../schema/collections.json';
import type { Params } from './frames.ts';

/** Where an operation runs: `anyone` in the Worker without a token, `worker` with one, `space` in
 * the caller's space, `live` on a socket there. */
export type Place = 'anyone' | 'worker' | 'space' | 'live';

export interface Route {
  method: 'GET' | 'POST';
  path: string;
  operation: string;
  place: Place;
  /** Parameters of the operation that the path itself says, over those of the query string. */
  params?: Params;
}

/** The session list of pages comes in pages of this many, as their infinite scroll expects. */
const SCROLL_PAGE = '20';

const lists: Route[] = schema.collections.map(({ name }) => ({
  method: 'GET',
  path: `/${name}`,
  operation: 'list',
  place: 'worker',
  params: { collection: name },
}));

export const routes: readonly Route[] = [
  { method: 'GET', path: '/health', operation: 'health', place: 'anyone' },
  { method: 'POST', path: '/sync', operation: 'sync', place: 'space' },
  { method: 'GET', path: '/sync/live', operation: 'join', place: 'live' },
  { method: 'GET', path: '/history', operation: 'list_history', place: 'space' },
  { method: 'POST', path: '/history/:id/restore', operation: 'restore_history', place: 'space' },
  {
    method: 'GET',
    path: '/api/sessions',
    operation: 'list',
    place: 'worker',
    params: { collection: 'sessions', limit: SCROLL_PAGE },
  },
  ...lists,
];
