// documents.put.*, documents.snapshot.*: the largest body, and a document that is larger than any.

import { round } from '../statistics.mjs';
import { Document, record } from './document.mjs';

const put_bytes = 32 << 20;
const record_bytes = 1000;

/** A document's text, of so many bytes at most. */
function text(bytes) {
  const count = Math.floor((bytes - 20) / (record_bytes + 1));
  return JSON.stringify({
    items: Array.from({ length: count }, (_, at) => record(at, record_bytes)),
  });
}

export async function measureLarge(server, { megabytes }) {
  const document = await Document.create(server);
  const body = text(put_bytes);
  const { ms } = await document.put(body);
  const first = Math.floor(body.length / record_bytes) + 1;
  const left = megabytes * 1e6 - body.length;
  for (let at = 0; at < left; at += 8e6) {
    const count = Math.ceil(Math.min(8e6, left - at) / (record_bytes + 1));
    const start = first + Math.floor(at / record_bytes) + 1;
    await document.patch(Array.from({ length: count }, (_, i) => record(start + i, record_bytes)));
  }
  await server.meters({ memoryBytesMax: 0, heldBytesMax: 0 });
  const tick = await document.tick();
  const { memoryBytesMax, heldBytesMax } = await server.meters();
  const published = await server.send('GET', document.path);
  if (published.etag !== document.tag) throw new Error('the document was not published');
  const size = published.answer.byteLength;
  if (size < megabytes * 1e6 * 0.98) throw new Error(`only ${size} bytes were published`);
  return [
    {
      name: 'documents.put.ms',
      value: round(ms, 0),
      detail: `${body.length} bytes, ${Math.floor(body.length / record_bytes)} records`,
    },
    {
      name: 'documents.snapshot.memory_bytes',
      value: memoryBytesMax,
      bar: { max: 64 << 20 },
      detail: `of the module, while ${size} bytes are published in ${round(tick.ms, 0)} ms`,
      numbers: { ms: round(tick.ms, 0), bytes: size },
    },
    {
      name: 'documents.snapshot.held_bytes',
      value: heldBytesMax,
      bar: { max: 4 << 20 },
      detail: 'the largest text or buffer that JavaScript holds meanwhile',
    },
  ];
}
