// What the page of shards asks for, and what it is answered (docs/sql_operations.md, and the
// coordinator's in docs/coordinator.md).

export interface Health {
  status: string;
  overall: string;
  timestamp?: string;
  checks?: Record<string, string>;
}

export interface Dashboard {
  healthy: boolean;
  totalShards: number;
  totalKeys: number;
  avgKeysPerShard: number;
  distributionRatio: number;
  isBalanced: boolean;
  staleShards: number;
  shardDetails: { binding: string; count: number; loadPercentage: number; isStale: boolean }[];
}

export interface Figures {
  ok: boolean;
  asked: number;
  failed: number;
  meanMs: number;
  maxMs: number;
}

export interface Metrics {
  since: number | null;
  distribution: { warnings: { message: string; shards: { binding: string }[] }[] } | null;
  shards: ({ binding: string; bytes: number | null } & Figures)[];
  kv: Figures;
  coordinator: Figures;
}

export interface Move {
  id?: string | number;
  from: string;
  to: string;
  slots: number;
  moved?: number;
  key?: string;
  gathers?: boolean;
  state?: string;
  copied?: number;
  rows?: number | null;
  stayed?: number;
  startedAt?: number;
  updatedAt?: number;
  error?: string;
}

/** An answer that is no 2xx. */
export class Failed extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function read(path: string, init?: RequestInit): Promise<[number, unknown]> {
  const response = await fetch(path, init);
  const text = await response.text();
  try {
    return [response.status, JSON.parse(text)];
  } catch {
    throw new Failed(response.status, `The server answered ${response.status}`);
  }
}

/** Ours tell `message`, the coordinator's `error` in words. */
function failed(status: number, body: unknown): Failed {
  const { message, error } = (body ?? {}) as { message?: unknown; error?: unknown };
  if (status === 401) return new Failed(401, 'You are signed out. Reload this page to sign in.');
  const told = [message, error].find((each) => typeof each === 'string');
  return new Failed(status, String(told ?? `The server answered ${status}`));
}

export async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const [status, body] = await read(path, init);
  if (status >= 200 && status < 300) return body as T;
  throw failed(status, body);
}

/** A report is one with any status: 503 says that something is down. */
export async function askHealth(): Promise<Health> {
  const [status, body] = await read('/health');
  if (typeof (body as Health | null)?.overall === 'string') return body as Health;
  throw failed(status, body);
}

export const askMoves = () => ask<{ moves: Move[] }>('/admin/coordinator/moves');

export const askPlan = () =>
  ask<{ moves: Move[] }>('/admin/coordinator/moves', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'rebalance', dryRun: true }),
  });
