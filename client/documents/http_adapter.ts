// The way to a server by HTTP (docs/documents.md). Whoever reads needs `snapshotUrl` alone; all
// else goes to `writeUrl` and to its origin.
//
// Rules:
// - The app's headers go with every call. Where they are secret, the page must not hold them: give
//   a function that gets them from whoever signed in. It asks nobody: it has as long as an answer.
// - Every rejection is a DocumentError.

import type { Data } from '../answer.ts';
import { type Platform, platformOf } from '../platform.ts';
import { type Answered, parse, refusal, request } from '../transport/request.ts';
import { absolute, appOf, beside, withQuery } from './address.ts';
import {
  asActivity,
  asCopy,
  asDone,
  asOutdated,
  asSnapshots,
  nextPage,
  versionIn,
} from './answers.ts';
import { asDocumentError, DocumentError } from './errors.ts';
import type {
  ActivityPage,
  Adapter,
  Administration,
  Allowances,
  Copy,
  DailySnapshot,
  DocumentConfig,
  HeadersSource,
  HttpOptions,
  Operation,
  PutOptions,
  SendAnswer,
} from './types.ts';
import { versionOfTag } from './version.ts';
import { within } from './within.ts';

interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** Statuses beside success that the caller answers for. */
  expected?: number[];
}

const json = { 'content-type': 'application/json' };

const allowing = ({ allowEmpty, allowLargeDelete }: Allowances): Record<string, string> => ({
  ...(allowEmpty && { 'x-allow-empty-write': 'true' }),
  ...(allowLargeDelete && { 'x-allow-large-delete': 'true' }),
});

const known = (version: string | null): Record<string, string> =>
  version === null ? {} : { 'if-none-match': `"${version}"` };

export class HttpAdapter implements Adapter, Administration {
  readonly #snapshotUrl: string;
  readonly #writeUrl: string | undefined;
  readonly #headers: HeadersSource;
  readonly #fetch: typeof globalThis.fetch | undefined;
  readonly #timeoutMs: number;
  readonly #platform: Platform;

  constructor(options: HttpOptions) {
    const { snapshotUrl, writeUrl, headers = {}, fetch, timeout = 30_000 } = options;
    if (typeof snapshotUrl !== 'string') {
      throw new DocumentError('not_configured', 'There is no snapshotUrl');
    }
    this.#snapshotUrl = absolute(snapshotUrl).href;
    this.#writeUrl = writeUrl === undefined ? undefined : absolute(writeUrl).href;
    this.#headers = headers;
    this.#fetch = fetch;
    this.#timeoutMs = timeout;
    this.#platform = platformOf(options);
  }

  /** By what the page keeps in `window.__CEDB`. */
  static fromWindow(options: Partial<HttpOptions> = {}): HttpAdapter {
    const { __CEDB: config } = globalThis as { __CEDB?: DocumentConfig };
    if (!config) throw new DocumentError('not_configured', 'There is no window.__CEDB');
    return new HttpAdapter({ ...config, ...options });
  }

  get writable(): boolean {
    return this.#writeUrl !== undefined;
  }

  get address(): string {
    return this.#writeUrl ?? this.#snapshotUrl;
  }

  get app(): string {
    return appOf(this.#owner);
  }

  async readPublished(version: string | null = null): Promise<Copy | null> {
    return this.#read(this.#snapshotUrl, version);
  }

  async readOwner(version: string | null = null): Promise<Copy | null> {
    return this.#read(withQuery(this.#owner, { view: 'full' }), version);
  }

  async readShard(shard: string): Promise<Copy> {
    return asCopy(await this.#call(withQuery(this.#owner, { shard })));
  }

  async send(operations: Operation[], allowances: Allowances = {}): Promise<SendAnswer> {
    const answered = await this.#call(this.#owner, {
      method: 'PATCH',
      headers: { ...json, ...allowing(allowances) },
      body: operations,
      expected: [412],
    });
    const tagged = versionOfTag(answered.response.headers.get('etag'));
    return answered.response.status === 412
      ? asOutdated(answered.text, tagged)
      : asDone(parse(answered.text));
  }

  async put(document: Data, { version, ...allowances }: PutOptions): Promise<string> {
    const condition: Record<string, string> =
      version === null ? { 'if-none-match': '*' } : { 'if-match': `"${version}"` };
    const answered = await this.#call(this.#owner, {
      method: 'PUT',
      headers: { ...json, ...condition, ...allowing(allowances) },
      body: document,
    });
    return versionIn(parse(answered.text));
  }

  async activity({
    before,
    limit = 100,
  }: {
    before?: string | null;
    limit?: number;
  } = {}): Promise<ActivityPage> {
    const query = { app: this.app, limit: String(limit), ...(before && { before }) };
    const answered = await this.#call(beside(this.#owner, '/activity', query));
    const next = nextPage(answered.response.headers.get('link'), this.#owner);
    return { entries: asActivity(parse(answered.text)), next };
  }

  async snapshots(): Promise<DailySnapshot[]> {
    const { text } = await this.#call(beside(this.#owner, '/snapshots', { app: this.app }));
    return asSnapshots(parse(text));
  }

  async restore(day: string): Promise<string> {
    const path = `/snapshots/${encodeURIComponent(day)}/restore`;
    const { text } = await this.#call(beside(this.#owner, path, { app: this.app }), {
      method: 'POST',
    });
    return versionIn(parse(text));
  }

  async signedIn(): Promise<boolean> {
    const { response } = await this.#call(withQuery(this.#owner, { view: 'full' }), {
      method: 'HEAD',
      expected: [401, 403, 404],
    });
    return response.status !== 401 && response.status !== 403;
  }

  async identity(): Promise<string> {
    return JSON.stringify(Object.entries(await this.#readHeaders()).sort());
  }

  get #owner(): string {
    if (this.#writeUrl !== undefined) return this.#writeUrl;
    throw new DocumentError('read_only', 'There is no writeUrl');
  }

  async #read(url: string, version: string | null): Promise<Copy | null> {
    const answered = await this.#call(url, { headers: known(version), expected: [304] });
    return answered.response.status === 304 ? null : asCopy(answered);
  }

  async #readHeaders(): Promise<Record<string, string>> {
    const source = this.#headers;
    if (typeof source !== 'function') return source;
    try {
      return await within(this.#platform, this.#timeoutMs, source);
    } catch (cause) {
      throw new DocumentError('no_headers', 'There are no headers', { cause });
    }
  }

  async #call(url: string, { method = 'GET', headers, body, expected }: Call = {}) {
    const all = new Headers(await this.#readHeaders());
    for (const [name, value] of Object.entries(headers ?? {})) all.set(name, value);
    const init: RequestInit = {
      method,
      headers: all,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    let answered: Answered;
    try {
      const fetch: typeof globalThis.fetch =
        this.#fetch ?? ((to, how) => globalThis.fetch(to, how));
      const platform = this.#platform;
      answered = await request(url, init, { fetch, platform, timeoutMs: this.#timeoutMs });
    } catch (error) {
      throw asDocumentError(error);
    }
    const { response } = answered;
    if (response.ok || expected?.includes(response.status)) return answered;
    const { code, message, status, retryAfterMs } = refusal(answered, this.#platform.now());
    const version = versionOfTag(response.headers.get('etag'));
    throw new DocumentError(code, message, { status, retryAfterMs, version });
  }
}
