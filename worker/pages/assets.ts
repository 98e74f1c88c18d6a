// What pages load from /assets. The address names the content by its hash, so browsers keep it for
// good; asked for without it, or by an old one, it comes as it is now.

import type { Context } from 'hono';
import adminScript from '../../build/assets/admin.js.txt';
import documents from '../../build/assets/coreenginedb.js.txt';
import home from '../../build/assets/home.js.txt';
import shardsScript from '../../build/assets/shards.js.txt';
import viewerScript from '../../build/assets/viewer.js.txt';
import { type App, problem } from '../app.ts';
import adminStyle from './assets/admin.css';
import adminDialogsStyle from './assets/admin_dialogs.css';
import icon from './assets/icon.svg';
import shardsStyle from './assets/shards.css';
import style from './assets/style.css';
import viewerStyle from './assets/viewer.css';

const assets: Record<string, { type: string; text: string }> = {
  'admin.css': { type: 'text/css; charset=utf-8', text: `${adminDialogsStyle}\n${adminStyle}` },
  'admin.js': { type: 'text/javascript; charset=utf-8', text: adminScript },
  'home.js': { type: 'text/javascript; charset=utf-8', text: home },
  'icon.svg': { type: 'image/svg+xml', text: icon },
  'shards.css': { type: 'text/css; charset=utf-8', text: shardsStyle },
  'shards.js': { type: 'text/javascript; charset=utf-8', text: shardsScript },
  'style.css': { type: 'text/css; charset=utf-8', text: style },
  'viewer.css': { type: 'text/css; charset=utf-8', text: viewerStyle },
  'viewer.js': { type: 'text/javascript; charset=utf-8', text: viewerScript },
};

const HASH_BYTES = 8;

const hashes = new Map<string, Promise<string>>();

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  const short = [...new Uint8Array(bytes, 0, HASH_BYTES)];
  return short.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function hashOf(name: string, text: string): Promise<string> {
  let hash = hashes.get(name);
  if (hash === undefined) {
    hash = digest(text);
    hashes.set(name, hash);
  }
  return hash;
}

/** Where a page finds an asset. */
export async function assetUrl(name: string): Promise<string> {
  const asset = assets[name];
  if (asset === undefined) throw new Error(`no asset is called ${name}`);
  return `/assets/${name}?v=${await hashOf(name, asset.text)}`;
}

export async function answerAsset(c: Context<App>): Promise<Response> {
  const name = c.req.param('name') ?? '';
  const asset = Object.hasOwn(assets, name) ? assets[name] : undefined;
  if (asset === undefined) return problem(c, 404, 'not_found', 'Nothing is at this path');
  const hash = await hashOf(name, asset.text);
  const kept = c.req.query('v') === hash ? 'public, max-age=31536000, immutable' : 'no-cache';
  c.header('etag', `"${hash}"`);
  c.header('cache-control', kept);
  c.header('x-content-type-options', 'nosniff');
  if (c.req.header('if-none-match') === `"${hash}"`) return c.body(null, 304);
  c.header('content-type', asset.type);
  return c.body(asset.text);
}

/** The documents SDK, at an address that stays: pages of any origin may import it. */
export async function answerClient(c: Context<App>): Promise<Response> {
  const hash = await hashOf('coreenginedb', documents);
  c.header('etag', `"${hash}"`);
  c.header('cache-control', 'public, max-age=300, stale-while-revalidate=86400');
  c.header('access-control-allow-origin', '*');
  c.header('cross-origin-resource-policy', 'cross-origin');
  c.header('x-content-type-options', 'nosniff');
  if (c.req.header('if-none-match') === `"${hash}"`) return c.body(null, 304);
  c.header('content-type', 'text/javascript; charset=utf-8');
  return c.body(documents);
}
