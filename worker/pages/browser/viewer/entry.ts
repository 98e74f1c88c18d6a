// An entry of the log as this page knows it, and what it is taken for.

export interface ShownEvent {
  name: string;
  primaryKey: string;
  /** What a writer made, of any shape. */
  payload: unknown;
}

export interface ShownEntry {
  /** Its place in the log, from 1. */
  sequence: number;
  /** A UUID v7. */
  id: string;
  /** When it was written, as its id says. */
  time: number;
  /** Of its ciphertext. */
  bytes: number;
  /** Null for what no key of ours opens. */
  event: ShownEvent | null;
}

export const KINDS = ['chat', 'artifact', 'audit', 'other', 'undecryptable'] as const;
export type Kind = (typeof KINDS)[number];

/** By how the event's name begins: `chat.message`, `ChatMessageSent`, `chat_message`. A longer word
 * is another word: `auditorium` is no audit. */
export function kindOf({ event }: ShownEntry): Kind {
  if (event === null) return 'undecryptable';
  const [, word = ''] = /^(chat|artifact|audit)s?(?![a-z])/.exec(lowerFirst(event.name)) ?? [];
  return (KINDS as readonly string[]).includes(word) ? (word as Kind) : 'other';
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** The time in a UUID v7 (RFC 9562, section 5.7). */
export const timeOf = (uuid: string): number =>
  Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
