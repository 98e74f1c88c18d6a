// The settings of a connection and of a journal: read from a plain object (a file, the
// environment), checked, and completed. A wrong or unknown setting is an error that names it.

import { type Duration, durationMs } from './duration.ts';
import { EventsError } from './errors.ts';
import { checkPublicKey } from './identity.ts';

export type Provider = 'cloudflare' | 'bun';
export type Mode = 'write' | 'view';
/** A value, or a function that gets it anew for each connection. */
export type Secret = string | (() => string | Promise<string>);

export interface AuthConfig {
  /** A bearer token: the server's own, or a JWT. */
  token?: Secret;
  /** A ticket of POST /auth/ticket: it counts once, so give a function. */
  ticket?: Secret;
  /** An access key of this tenant. */
  key?: string;
}

export interface EncryptionConfig {
  /** Without it entries are sent bare. Default: true. */
  enabled?: boolean;
  /** The text of `exportIdentity`. Without it the journal makes and keeps an identity. */
  identityKey?: string;
}

export interface RemoteConfig {
  /** False: the log stays on this device. Default: true. */
  enabled?: boolean;
  /** ws:, wss:, http: or https:. */
  url?: string;
  /** `cloudflare`, the default: a Tidemark server. `bun`: any other server of the protocol. */
  provider?: Provider;
  tenant?: string;
  /** How often what is not acknowledged is looked after. Default: 5 seconds. */
  syncInterval?: Duration;
  /** Default: true for `cloudflare`, false for `bun`. */
  disablePing?: boolean;
  encryption?: EncryptionConfig;
  auth?: AuthConfig;
  /** `view` reads only. Default: `write`. */
  mode?: Mode;
  /** The log to read where no identity says it. Default: `default`. */
  publicKey?: string;
  /** The first sequence to ask for where nothing was read yet; -200: the last 200 entries. */
  from?: number;
}

export interface StorageConfig {
  /** What the journal keeps of what servers have acknowledged. Default: everything. */
  retention?: { entries?: number; age?: Duration };
  /** Default: 100 a page. */
  pagination?: { pageSize?: number };
}

export interface Remote {
  enabled: boolean;
  url: string;
  provider: Provider;
  tenant: string | undefined;
  syncMs: number;
  disablePing: boolean;
  encryption: { enabled: boolean; identityKey: string | undefined };
  auth: AuthConfig;
  mode: Mode;
  publicKey: string;
  from: number | undefined;
}

export interface Storage {
  retention: { entries: number | undefined; ageMs: number | undefined };
  pageSize: number;
}

const syncMsDefault = 5_000;
const syncMsMin = 100;
const pageSizeDefault = 100;

const wrong = (message: string) => new EventsError('invalid_config', message);

type Fields = Record<string, unknown>;

/** The members of an object, all of which are known. */
function members(value: unknown, known: readonly string[], setting: string): Fields {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(`${setting} is not an object`);
  }
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) {
      throw wrong(`${setting}.${name} is no setting: there are ${known.join(', ')}`);
    }
  }
  return value as Fields;
}

function flag(value: unknown, setting: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean') throw wrong(`${setting} is neither true nor false`);
  return value;
}

function text(value: unknown, setting: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '') throw wrong(`${setting} is not a text`);
  return value;
}

function count(value: unknown, setting: string, least: number): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw wrong(`${setting} is not a whole number from ${least} on`);
}

function oneOf<T extends string>(value: unknown, all: readonly T[], setting: string): T {
  if (value === undefined) return all[0] as T;
  if (all.includes(value as T)) return value as T;
  throw wrong(`${setting} is ${JSON.stringify(value)}: there are ${all.join(' and ')}`);
}

function secret(value: unknown, setting: string): Secret | undefined {
  if (typeof value === 'function') return value as Secret;
  return text(value, setting);
}

function authOf(value: unknown): AuthConfig {
  const given = members(value, ['token', 'ticket', 'key'], 'auth');
  const token = secret(given.token, 'auth.token');
  const ticket = secret(given.ticket, 'auth.ticket');
  const key = text(given.key, 'auth.key');
  return { ...(token && { token }), ...(ticket && { ticket }), ...(key && { key }) };
}

function urlOf(value: unknown, needed: boolean): string {
  const url = text(value, 'url');
  if (url === undefined) {
    if (needed) throw wrong('url is missing: where is the server?');
    return '';
  }
  if (!URL.canParse(url)) throw wrong(`url is ${JSON.stringify(url)}, which is no address`);
  if (!/^(wss?|https?):$/.test(new URL(url).protocol)) {
    throw wrong('url is to begin with wss:, ws:, https: or http:');
  }
  return url;
}

const remoteSettings = [
  'enabled',
  'url',
  'provider',
  'tenant',
  'syncInterval',
  'disablePing',
  'encryption',
  'auth',
  'mode',
  'publicKey',
  'from',
] as const satisfies (keyof RemoteConfig)[];

export function parseRemote(value: unknown): Remote {
  const given = members(value, remoteSettings, 'remote');
  const encryption = members(given.encryption, ['enabled', 'identityKey'], 'encryption');
  const provider = oneOf<Provider>(given.provider, ['cloudflare', 'bun'], 'provider');
  const enabled = flag(given.enabled, 'enabled', true);
  const tenant = text(given.tenant, 'tenant');
  if (tenant !== undefined && !/^[A-Za-z0-9._-]{1,64}$/.test(tenant)) {
    throw wrong('tenant is not 1 to 64 letters, digits, dots, hyphens or underscores');
  }
  const syncMs = durationMs(given.syncInterval ?? syncMsDefault, 'syncInterval');
  if (syncMs < syncMsMin) throw wrong(`syncInterval is under ${syncMsMin} milliseconds`);
  return {
    enabled,
    url: urlOf(given.url, enabled),
    provider,
    tenant,
    syncMs,
    disablePing: flag(given.disablePing, 'disablePing', provider === 'cloudflare'),
    encryption: {
      enabled: flag(encryption.enabled, 'encryption.enabled', true),
      identityKey: text(encryption.identityKey, 'encryption.identityKey'),
    },
    auth: authOf(given.auth),
    mode: oneOf<Mode>(given.mode, ['write', 'view'], 'mode'),
    publicKey: checkPublicKey(text(given.publicKey, 'publicKey') ?? 'default'),
    from: count(given.from, 'from', -1_000_000),
  };
}

export function parseStorage(value: unknown): Storage {
  const given = members(value, ['retention', 'pagination'], 'storage');
  const retention = members(given.retention, ['entries', 'age'], 'retention');
  const pagination = members(given.pagination, ['pageSize'], 'pagination');
  return {
    retention: {
      entries: count(retention.entries, 'retention.entries', 1),
      ageMs: retention.age === undefined ? undefined : durationMs(retention.age, 'retention.age'),
    },
    pageSize: count(pagination.pageSize, 'pagination.pageSize', 1) ?? pageSizeDefault,
  };
}

/** Settings to spread into one's own. */
export const presets = {
  /** The server of `npm start`, bare entries, and a journal that stays small. */
  dev: {
    url: 'ws://127.0.0.1:8787',
    provider: 'cloudflare',
    syncInterval: '1 second',
    encryption: { enabled: false },
    storage: { retention: { entries: 10_000 } },
  },
  /** Sealed entries and a journal that keeps all. The address is yours to add. */
  prod: {
    provider: 'cloudflare',
    syncInterval: '5 seconds',
    encryption: { enabled: true },
    storage: {},
  },
} as const satisfies Record<string, RemoteConfig & { storage: StorageConfig }>;
