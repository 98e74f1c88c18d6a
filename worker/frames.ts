// The frames of the boundary: MessagePack, as wasm/engine/command.h and operation.h define them.
// This is the host's half of those grammars.

import { Decoder, Encoder, ExtensionCodec } from '@msgpack/msgpack';

/** A text or a stream that the host keeps for an operation, by number. */
export class Handle {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

/** Bytes of the request's body. */
export class BodyRange {
  readonly offset: number;
  readonly size: number;

  constructor(offset: number, size: number) {
    this.offset = offset;
    this.size = size;
  }
}

export type Cell = null | number | string | Uint8Array;
export type Param = Cell | Handle | BodyRange;
export type Part = Uint8Array | Handle;
export type Keep = [bytesMax: number, rowsMax: number];
export type Statement = [sql: string, params: Param[], keep: Keep | null];
export type Params = Record<string, string>;

export type Command =
  | ['sql', Statement[]]
  | ['d1', string, Statement[]]
  | ['body', number, number]
  | ['alarm', number]
  | ['call', space: string, operation: string, Params, body: Part[]]
  | ['store', store: string, verb: string, Params, body: Part[]]
  | ['publish', exceptDevice: string, frame: Part[]]
  | ['send', sockets: number[], frame: Part[]];

export type KeptGroup = [group: string, handle: Handle, rows: number];
export type ResultSet =
  | [rowsWritten: number, rows: Cell[][]]
  | [rowsWritten: number, kept: KeptGroup[], last: number, more: boolean];
export type Failure = [false, code: string, message: string];
export type CommandResult =
  | [true, ResultSet[]]
  | [true, status: number, data: Params, body: Handle | Uint8Array]
  | Failure
  | Uint8Array
  | null;

export type IdentityFrame = [
  userId: string,
  role: string,
  org: string | null,
  tenant: string | null,
  email: string | null,
  version: number,
  expiresMs: number,
];
export type RequestFrame = [
  operation: string,
  nowMs: number,
  seed: Uint8Array,
  identity: IdentityFrame | null,
  space: string | null,
  params: Params,
  body: number | Uint8Array, // its size, or all of it
];
export type ReplyFrame = [status: number, headers: [string, string][], body: Part[], data: Params];
export type OutputFrame =
  | [kind: 0, operation: number, commands: Command[]]
  | [kind: 1, reply: ReplyFrame];

const HANDLE = 1;
const BODY_RANGE = 2;

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setUint32(index * 4, value);
  });
  return bytes;
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const extensionCodec = new ExtensionCodec();
extensionCodec.register({
  type: HANDLE,
  encode: (value) => (value instanceof Handle ? words(value.id) : null),
  decode: (bytes) => new Handle(view(bytes).getUint32(0)),
});
extensionCodec.register({
  type: BODY_RANGE,
  encode: (value) => (value instanceof BodyRange ? words(value.offset, value.size) : null),
  decode: (bytes) => new BodyRange(view(bytes).getUint32(0), view(bytes).getUint32(4)),
});

const encoder = new Encoder({ extensionCodec });
const decoder = new Decoder({ extensionCodec });

/** A view that is good until the next call. */
export function encodeFrame(frame: RequestFrame | CommandResult[]): Uint8Array {
  return encoder.encodeSharedRef(frame);
}

/** What stands before the bytes of a slice in a frame of that one result: [bin 32]. */
export function sliceHead(size: number): Uint8Array {
  return Uint8Array.of(0x91, 0xc6, size >>> 24, size >>> 16, size >>> 8, size);
}

/** Byte strings in the result are views of `bytes`. */
export function decodeOutput(bytes: Uint8Array): OutputFrame {
  return decoder.decode(bytes) as OutputFrame;
}
