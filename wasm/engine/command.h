// Commands: what an operation asks of its host, and what comes back. Plain values.
//
// Command :=
//   ["sql", [Statement...]]            own store, in order, all or nothing
//   ["d1", shard, [Statement...]]      a D1 database by its binding's name, one atomic batch
//   ["body", offset, size]             a slice of the request's body, in bytes
//   ["alarm", at_ms]                   wake this object then, unless an earlier alarm is set
//   ["call", space, operation, {key: text...}, [Part...]]   run an operation in another object,
//                                      with the parts joined as its request's body
//   ["store", "kv" | "r2", verb, {key: text...}, [Part...]]   KV or R2; the verbs are below
//   ["publish", device, [Part...]]     send a text frame to the object's sockets, but not to those
//                                      of that device: after the commit, if it comes
//   ["send", [socket...], [Part...]]   send a binary frame to sockets of the object, by the numbers
//                                      that they joined with: after the commit, if it comes
// Statement := [sql, [Param...], nil | [bytes_max, rows_max]]
// Param     := nil | int | double | text | bin | Handle | BodyRange
// Part      := bin | Handle
// Handle    := ext 1, u32 big-endian: a text, or a stream, that the host keeps for this operation
// BodyRange := ext 2, offset u32 and size u32 big-endian: bytes of the request's body, as a blob
//
// Result, one a command, in order :=
//   sql, d1:  [true, [ResultSet...]] | [false, code, message]
//   body:     bin        alarm, publish, send: nil
//   call:     [true, status, {key: text...}, Handle] | [false, code, message]
//   store:    [true, status, {key: text...}, Handle | bin] | [false, code, message]
// ResultSet := [rows_written, [[Cell...]...]]                              where nothing is kept
//            | [rows_written, [[group, Handle, rows]...], last, more]      where it is
// Cell      := nil | int | double | text | bin
//
// Where a statement names bounds its rows are kept and never cross into the core. Their columns are
// (group, text, seq): the host joins the texts of each group with commas, stops after rows_max rows
// or before a row that would exceed bytes_max (it takes one at least; bytes are UTF-16 units), and
// says the seq of the last row taken and whether rows were left. Blobs in the place of texts are
// joined as they are.
//
// A failing own store has no result: the host cancels the operation. A failing D1 has a code:
// `refused` (a constraint; the same batch will fail again), `moved` (a fence) or `unavailable`.
// A call and a store fail as `unavailable`: whether what was asked is done is not known then.
//
// Verbs of a store, with what they take and answer. `meta` is a JSON object of texts or numbers; it
// is answered as keys of the reply, as texts. The body is empty bytes where none is named.
//   get {key}              200 with meta (r2: and `size`) and the Handle of a stream; 404
//                          kv: with meta_only=1 the body is empty
//   put {key, meta}        the parts joined: 200. kv: and `ttl`, in seconds. r2: and `absent`: 412
//                          where it is 1 and something is there
//   list {prefix}          200 with `keys`, a JSON array, and `cursor` where it goes on. Takes
//                          `cursor`, `limit` and, r2, `after`: a key to begin behind
//   kv delete {key}        200
//   r2 delete {keys}       a JSON array of at most 1,000: 200
//   r2 head {key}          200 with meta and `size`; 404
//   r2 read {key, offset, size}
//                          200 with meta, `size` of the whole, and its bytes as bin; 404; 416 where
//                          nothing stands at the offset
//   r2 digest {key}        200 with meta, `size` and `sha256` in hex; 404
// A put in pieces, for what is larger than one frame. One that is open when the operation ends is
// aborted. One that was aborted, or had too few or too many bytes, has stored nothing.
//   open {key, size, meta} the exact size in bytes, and what a put takes besides: 200 with its
//                          number, `stream`
//   write {stream}         the parts, one write at a time: 200, or 412 where that is known already
//   close {stream}         200 with `size` and `sha256` in hex; 412 where `absent` did not hold
//   abort {stream}         200
// A stream can be the body of the reply, alone. One that is not used is cancelled when the
// operation ends.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/msgpack.h"
#include "base/status.h"

namespace tidemark {

struct Handle {
  uint32_t id = 0;
};
struct BodyRange {
  uint32_t offset = 0;
  uint32_t size = 0;
};
struct Blob {
  std::string bytes;
};
struct Null {};
using Param = std::variant<Null, int64_t, double, std::string, Blob, Handle, BodyRange>;

// A piece of a text that leaves the core: its own, or one that the host keeps.
using Part = std::variant<std::string, Handle>;

// A constant SQL text with its name. Texts are literals or come from the declared schema.
struct Sql {
  std::string_view name;
  std::string_view text;
};

// Bounds of the rows that the host keeps; none (0) where rows come to the core.
struct Keep {
  int64_t bytes_max = 0;
  int64_t rows_max = 0;
};

struct Statement {
  std::string_view sql;
  std::vector<Param> params;
  Keep keep = {};

  bool keeps() const { return keep.bytes_max > 0; }
};

struct SqlCommand {
  std::string shard;  // empty: the operation's own store
  std::vector<Statement> statements;
};
struct BodyCommand {
  uint32_t offset = 0;
  uint32_t size = 0;
};
struct AlarmCommand {
  int64_t at_ms = 0;
};
using Params = std::map<std::string, std::string, std::less<>>;
struct CallCommand {
  std::string space;
  std::string operation;
  Params params;
  std::vector<Part> body;
  bool store = false;  // the operation is a verb of the store `kv` or `r2`
};
struct PublishCommand {
  std::string except_device;  // empty: to every socket
  std::vector<Part> frame;
};
struct SendCommand {
  std::vector<int64_t> sockets;
  std::vector<Part> frame;
};
using Command =
    std::variant<SqlCommand, BodyCommand, AlarmCommand, CallCommand, PublishCommand, SendCommand>;

// A verb on KV or R2, in the form of a call.
CallCommand StoreCommand(std::string store, std::string verb, Params params,
                         std::vector<Part> body = {});

using Cell = std::variant<Null, int64_t, double, std::string>;  // a blob is a string too

struct Kept {
  std::string group;
  Handle handle;
  int64_t rows = 0;
};

struct ResultSet {
  int64_t rows_written = 0;
  std::vector<std::vector<Cell>> rows;
  std::vector<Kept> kept;
  int64_t last = 0;
  bool more = false;

  // The cell of the first row, or the fallback where there is no row or it holds NULL.
  int64_t Integer(size_t column, int64_t fallback) const;
  std::string Text(size_t column) const;
  int64_t KeptRows() const;
};

struct CallReply {
  int64_t status = 0;
  Params data;
  Handle body;
  std::string bytes = {};  // of a store that answered bytes and no handle
};
using StoreReply = CallReply;

struct Failure {
  std::string code;
  std::string message;
};
using ResultSets = std::vector<ResultSet>;
using CommandResult = std::variant<Null, ResultSets, std::string, CallReply, Failure>;

void WriteCommands(const std::vector<Command>& commands, msgpack::Writer* writer);
void WriteHandle(Handle handle, msgpack::Writer* writer);
void WritePart(const Part& part, msgpack::Writer* writer);
void WriteParams(const Params& params, msgpack::Writer* writer);
bool ReadParams(msgpack::Reader* reader, Params* params);

// Reads the results of `commands`. False if the frame does not fit them: the host is broken.
bool ReadResults(const std::vector<Command>& commands, std::string_view frame,
                 std::vector<CommandResult>* results);

}  // namespace tidemark
