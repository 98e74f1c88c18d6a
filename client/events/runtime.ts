// One call from settings to a working log: journal, identity, stores and sync.

import { type Platform, platformOf } from '../platform.ts';
import type { StoreOpener } from '../stores/store.ts';
import { aesCipher, bareCipher, type Cipher } from './cipher.ts';
import type { Compaction } from './compaction.ts';
import {
  parseRemote,
  parseStorage,
  type Remote,
  type RemoteConfig,
  type StorageConfig,
} from './config.ts';
import type { ConflictPolicy } from './conflicts.ts';
import { EntryIds, uuidOf } from './entry_id.ts';
import { EventsError } from './errors.ts';
import { exportIdentity, generateIdentity, type Identity, importIdentity } from './identity.ts';
import { Journal } from './journal/journal.ts';
import { EventLog } from './log.ts';
import { type EventStores, eventStores } from './stores/index.ts';
import { SyncService } from './sync/service.ts';
import { layerOf, type WebSocketConstructor, type WebSocketLayer } from './sync/sockets.ts';

export interface RemoteSyncOptions extends RemoteConfig, Partial<Platform> {
  storage?: StorageConfig;
  /** Where entries are kept: a store's place, as of SyncClient. Without it only in memory. */
  journal?: StoreOpener;
  /** How sockets are had: a class like the browser's, or a layer. Default: the global class. */
  WebSocket?: WebSocketConstructor | WebSocketLayer;
  conflictPolicy?: ConflictPolicy;
  /** Null: never. Default: after 1,000 entries. */
  compaction?: Compaction | null;
  /** How long the server may take to answer, in milliseconds. Default: 30,000. */
  timeout?: number;
  crypto?: Crypto;
}

export interface RemoteSync {
  readonly store: EventStores;
  readonly sync: SyncService;
  readonly log: EventLog;
  /** Null if there is no private key: then nothing sealed can be read. */
  readonly identity: Identity | null;
  /** The log's name at the server. */
  readonly publicKey: string;
  /** Ends the sync and closes the journal. What was not sent is sent next time. */
  close(): Promise<void>;
}

const timeoutMs = 30_000;

interface Keys {
  identity: Identity | null;
  publicKey: string;
  cipher: Cipher;
}

/** The identity that was given, or the journal's; a new one is kept in the journal first. */
async function keysOf(remote: Remote, journal: Journal, webCrypto: Crypto): Promise<Keys> {
  const { enabled, identityKey } = remote.encryption;
  const given = identityKey === undefined ? null : importIdentity(identityKey);
  if (!enabled || (remote.mode === 'view' && !given)) {
    const publicKey = given?.publicKey ?? remote.publicKey;
    return { identity: null, publicKey, cipher: bareCipher };
  }
  let identity = given;
  if (!identity) {
    const kept = journal.meta('identity');
    identity = typeof kept === 'string' ? importIdentity(kept) : generateIdentity(webCrypto);
    if (!kept) await journal.commit({ meta: ['identity', exportIdentity(identity)] });
  }
  return { identity, publicKey: identity.publicKey, cipher: aesCipher(identity, webCrypto) };
}

/** A journal is of one log. */
async function claim(journal: Journal, publicKey: string): Promise<void> {
  const owner = journal.meta('owner');
  if (owner === undefined) {
    await journal.commit({ meta: ['owner', publicKey] });
  } else if (owner !== publicKey) {
    throw new EventsError('other_identity', 'The journal is of another identity');
  }
}

const otherNames: (keyof RemoteSyncOptions)[] = [
  'storage',
  'journal',
  'WebSocket',
  'conflictPolicy',
  'compaction',
  'timeout',
  'crypto',
  'now',
  'random',
  'setTimeout',
  'clearTimeout',
];

/** The settings of the server; names that nobody knows stay among them, and are refused. */
const remotePart = (options: RemoteSyncOptions): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).filter(
      ([name, value]) => value !== undefined && !otherNames.includes(name as never),
    ),
  );

/**
 * Opens the journal and begins to sync. Rejects with `invalid_config`, `invalid_identity`, or what
 * the journal says; that the server is away is no error, but a status.
 */
export async function connectRemoteSync(options: RemoteSyncOptions): Promise<RemoteSync> {
  const remote = parseRemote(remotePart(options));
  const { retention, pageSize } = parseStorage(options.storage);
  const platform = platformOf(options);
  const webCrypto = options.crypto ?? crypto;
  const journal = await Journal.open(options.journal ?? null);
  try {
    const { identity, publicKey, cipher } = await keysOf(remote, journal, webCrypto);
    await claim(journal, publicKey);
    const ids = new EntryIds((bytes) => webCrypto.getRandomValues(bytes));
    const log = new EventLog({
      journal,
      ids,
      now: platform.now,
      conflictPolicy: options.conflictPolicy,
      compaction: options.compaction,
      retention,
      pageSize,
      readOnly: remote.mode === 'view',
      localOnly: !remote.enabled || remote.mode === 'view',
    });
    const newId = () => uuidOf(ids.next(platform.now()));
    const store = eventStores(log, { now: platform.now, newId });
    const layer = layerOf(options.WebSocket);
    const timeout = options.timeout ?? timeoutMs;
    const sync = new SyncService({
      remote,
      layer,
      journal,
      cipher,
      publicKey,
      platform,
      timeoutMs: timeout,
    });
    sync.connect();
    const close = async () => {
      await sync.close();
      await log.settled();
      await journal.close();
    };
    return { store, sync, log, identity, publicKey, close };
  } catch (error) {
    await journal.close();
    throw error;
  }
}
