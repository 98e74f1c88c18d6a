// Frames of the protocol as Effect's own encoder writes them, made before anything is timed.
//
// Both sides get the same bytes: a frame names its key, and each side gives a key its own object.

import { randomBytes } from 'node:crypto';
import { makeEntryId } from '@effect/experimental/EventJournal';
import { encodeRequest, RequestChanges, WriteEntries } from '@effect/experimental/EventLogRemote';
import { decode } from '@msgpack/msgpack';

const ciphertext_bytes = 120;
const iv = randomBytes(12);
// Random bytes are slow to make by the million, and nothing looks at them: windows of one buffer.
const pool = randomBytes(1 << 16);

function entry(index) {
  const first = (index * 31) % (pool.length - ciphertext_bytes);
  const encryptedEntry = pool.subarray(first, first + ciphertext_bytes);
  return { entryId: makeEntryId(), encryptedEntry };
}

/** So many frames of `size` new entries each; their ids go on from `first_id`. */
export const writes = (publicKey, count, size, first_id = 0) =>
  Array.from({ length: count }, (_, index) =>
    encodeRequest(
      new WriteEntries({
        publicKey,
        id: first_id + index,
        iv,
        encryptedEntries: Array.from({ length: size }, (_, at) => entry(index * size + at)),
      }),
    ),
  );

export const request = (publicKey, startSequence = 0) =>
  encodeRequest(new RequestChanges({ publicKey, startSequence }));

/** The messages of frames that came, chunks joined. */
export function messages(frames) {
  const chunks = new Map();
  return frames.flatMap((frame) => {
    const message = decode(frame);
    if (message._tag !== 'ChunkedMessage') return [message];
    const [index, total] = message.part;
    const parts = chunks.get(message.id) ?? [];
    parts[index] = message.data;
    chunks.set(message.id, parts);
    return Object.keys(parts).length === total ? [decode(Buffer.concat(parts))] : [];
  });
}
