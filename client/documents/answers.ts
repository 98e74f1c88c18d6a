// What a server answers about documents, checked in shape. Nothing past this file looks at what
// came without knowing its types.

import type { Answered } from '../transport/request.ts';
import { absolute } from './address.ts';
import { DocumentError } from './errors.ts';
import { isObject, member } from './json.ts';
import type {
  Activity,
  Copy,
  DailySnapshot,
  DocumentRecord,
  OperationResult,
  OutdatedOperation,
  SendAnswer,
} from './types.ts';
import { readVersion, versionOfTag } from './version.ts';

const badAnswer = (what: string) => new DocumentError('bad_answer', `The answer has no ${what}`);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const versionOr = <T>(value: unknown, other: T): string | T =>
  typeof value === 'string' && readVersion(value) ? value : other;

export function versionIn(answer: unknown): string {
  const version = versionOr(isObject(answer) && member(answer, 'version'), null);
  if (version === null) throw badAnswer('version');
  return version;
}

export function asCopy({ response, text }: Answered): Copy {
  const document = parsed(text);
  if (!isObject(document)) throw badAnswer('document');
  return { version: versionOfTag(response.headers.get('etag')), document };
}

function isResult(value: unknown): value is OperationResult {
  return (
    isObject(value) && ['op', 'collection', 'id'].every((key) => typeof value[key] === 'string')
  );
}

export function asDone(answer: unknown): SendAnswer {
  if (!isObject(answer) || !Array.isArray(answer.results)) throw badAnswer('results');
  // Deletions of what is not there, where there is no document, have no version.
  const version = member(answer, 'version') === null ? null : versionIn(answer);
  const results: unknown[] = answer.results;
  if (!results.every(isResult)) throw badAnswer('results');
  return { kind: 'done', version, results };
}

const isRecord = (value: unknown): value is DocumentRecord =>
  isObject(value) && typeof member(value, 'id') === 'string';

function isOutdated(value: unknown): value is OutdatedOperation {
  if (!isObject(value) || !Number.isInteger(value.index)) return false;
  return value.record === null || isRecord(value.record);
}

/** `tagged` is the version in the ETag. Anything but a list of conflicts says too little. */
export function asOutdated(text: string, tagged: string | null): SendAnswer {
  const answer = parsed(text);
  const { version, conflicts } = isObject(answer) ? answer : {};
  const now = versionOr(version, tagged);
  const list: unknown[] = Array.isArray(conflicts) ? conflicts : [];
  const isTold = now !== null && list.length > 0 && list.every(isOutdated);
  return { kind: 'outdated', version: now, conflicts: isTold ? list.filter(isOutdated) : null };
}

export function asActivity(answer: unknown): Activity[] {
  if (!Array.isArray(answer) || !answer.every(isObject)) throw badAnswer('activity');
  return answer as unknown as Activity[];
}

export function asSnapshots(answer: unknown): DailySnapshot[] {
  const isDay = (value: unknown) => isObject(value) && typeof value.day === 'string';
  if (!Array.isArray(answer) || !answer.every(isDay)) throw badAnswer('snapshots');
  return answer;
}

/** The `before` of the link to the next page (RFC 8288). */
export function nextPage(link: string | null, base: string): string | null {
  const [, target] = /<([^>]*)>[^,]*;\s*rel="?next"?/.exec(link ?? '') ?? [];
  if (target === undefined) return null;
  return new URL(target, absolute(base)).searchParams.get('before');
}
