// The route table: every path, its methods, and the operation that answers it. Literal segments
// come before parameters, and every first segment is a reserved id (wasm/ops/access.cc).

import type { Context } from 'hono';
import schema from '../schema/collections.json';
import type { App } from './app.ts';
import { isUpgrade } from './auth/credentials.ts';
import * as auth from './auth/handlers.ts';
import * as documents from './documents/handlers.ts';
import * as events from './events.ts';
import type { Params } from './frames.ts';
import { answerAsset, answerClient } from './pages/assets.ts';
import * as pages from './pages/handlers.ts';
import { forward } from './sql/forward.ts';
import * as sql from './sql/handlers.ts';

/** Where an operation runs, for whoever has a token: `worker` in the Worker, `space` in the
 * caller's space, `live` on a socket there. */
export type Place = 'worker' | 'space' | 'live';

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  operation: string;
  place: Place;
  /** Parameters of the operation that the path itself says, over those of the query string. */
  params?: Params;
}

/** Sign-in, pages, documents, event logs, and what tells of databases: the glue answers them
 * (worker/auth, pages, documents, events.ts, sql). */
export interface AccountRoute {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  handler: (c: Context<App>) => Promise<Response>;
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
  { method: 'POST', path: '/sync', operation: 'sync', place: 'space' },
  { method: 'GET', path: '/sync/live', operation: 'join', place: 'live' },
  { method: 'GET', path: '/history', operation: 'list_history', place: 'space' },
  { method: 'POST', path: '/history/:id/restore', operation: 'restore_history', place: 'space' },
  { method: 'GET', path: '/activity', operation: 'list_activity', place: 'worker' },
  { method: 'GET', path: '/snapshots', operation: 'list_snapshots', place: 'worker' },
  { method: 'GET', path: '/shares', operation: 'list_shares', place: 'space' },
  { method: 'PUT', path: '/shares', operation: 'put_share', place: 'space' },
  { method: 'DELETE', path: '/shares', operation: 'delete_share', place: 'space' },
  {
    method: 'GET',
    path: '/api/sessions',
    operation: 'list',
    place: 'worker',
    params: { collection: 'sessions', limit: SCROLL_PAGE },
  },
  ...lists,
];

export const accountRoutes: readonly AccountRoute[] = [
  {
    method: 'GET',
    path: '/',
    handler: (c) => (isUpgrade(c.req.raw) ? events.join(c) : pages.home(c)),
  },
  { method: 'GET', path: '/admin', handler: pages.admin },
  { method: 'GET', path: '/admin/shards', handler: pages.shards },
  { method: 'GET', path: '/admin/metrics', handler: sql.metrics },
  { method: 'GET', path: '/admin/coordinator/*', handler: forward },
  { method: 'POST', path: '/admin/coordinator/*', handler: forward },
  { method: 'DELETE', path: '/admin/coordinator/*', handler: forward },
  { method: 'GET', path: '/health', handler: sql.health },
  { method: 'GET', path: '/monitor', handler: sql.monitor },
  { method: 'GET', path: '/user', handler: sql.user },
  { method: 'GET', path: '/college', handler: sql.college },
  { method: 'GET', path: '/viewer', handler: pages.viewer },
  { method: 'GET', path: '/login', handler: pages.showLogin },
  { method: 'POST', path: '/login', handler: pages.login },
  { method: 'POST', path: '/auth/magic-link', handler: auth.requestLink },
  { method: 'GET', path: '/auth/verify', handler: auth.showOrVerify },
  { method: 'POST', path: '/auth/verify', handler: auth.verify },
  { method: 'POST', path: '/auth/ticket', handler: auth.ticket },
  { method: 'POST', path: '/auth/sign-out', handler: auth.signOut },
  { method: 'GET', path: '/dev/mail', handler: pages.devMail },
  { method: 'GET', path: '/assets/:name', handler: answerAsset },
  { method: 'GET', path: '/coreenginedb/client.js', handler: answerClient },
  { method: 'GET', path: '/db.json', handler: documents.read },
  { method: 'PUT', path: '/db.json', handler: documents.write },
  { method: 'PATCH', path: '/db.json', handler: documents.write },
  { method: 'GET', path: '/apps/:app/db.json', handler: documents.read },
  { method: 'PUT', path: '/apps/:app/db.json', handler: documents.write },
  { method: 'PATCH', path: '/apps/:app/db.json', handler: documents.write },
  { method: 'POST', path: '/snapshots/:day/restore', handler: documents.restore },
  { method: 'POST', path: '/restore', handler: documents.restore },
  { method: 'GET', path: '/eventlog', handler: events.join },
  { method: 'GET', path: '/eventlog/:tenant', handler: events.join },
  { method: 'GET', path: '/eventlog/:tenant/keys', handler: events.keys },
  { method: 'POST', path: '/eventlog/:tenant/keys', handler: events.keys },
  { method: 'DELETE', path: '/eventlog/:tenant/keys/:id', handler: events.keys },
];
