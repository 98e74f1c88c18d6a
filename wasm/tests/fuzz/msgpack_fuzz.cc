// Any bytes as a MessagePack frame: every read returns, stays within the frame, and fails for good
// after the first fault; what is skipped is what is read.

#include <cstdint>
#include <string_view>

#include "base/msgpack.h"
#include "base/status.h"

namespace tidemark::msgpack {
namespace {

constexpr int kDepthMax = 40;

// Reads one value with the read of its type.
void Pull(Reader* reader, int depth) {
  int8_t type = 0;
  switch (reader->Next()) {
    case Type::kNil:
      reader->Nil();
      break;
    case Type::kBool:
      reader->Bool();
      break;
    case Type::kInt:
      reader->Int();
      break;
    case Type::kDouble:
      reader->Double();
      break;
    case Type::kStr:
      reader->Str();
      break;
    case Type::kBin:
      reader->Bin();
      break;
    case Type::kExt:
      reader->Ext(&type);
      break;
    case Type::kArray:
    case Type::kMap: {
      const bool map = reader->Next() == Type::kMap;
      const size_t count = map ? reader->Map() * 2 : reader->Array();
      for (size_t i = 0; i < count && reader->ok(); ++i) {
        if (depth == kDepthMax) return reader->Skip();
        Pull(reader, depth + 1);
      }
      break;
    }
    case Type::kNone:
      reader->Skip();
      break;
  }
}

// Reads by the given bytes' word, whether it fits the frame or not.
void PullBlindly(std::string_view frame) {
  Reader reader(frame);
  int8_t type = 0;
  for (size_t i = 0; i < frame.size() && reader.ok(); ++i) {
    switch (static_cast<uint8_t>(frame[i]) % 8) {
      case 0:
        reader.Int();
        break;
      case 1:
        reader.Str();
        break;
      case 2:
        reader.Bin();
        break;
      case 3:
        Check(reader.Array() <= frame.size());
        break;
      case 4:
        Check(reader.Map() <= frame.size());
        break;
      case 5:
        reader.Ext(&type);
        break;
      case 6:
        reader.Double();
        break;
      default:
        reader.Nil();
    }
  }
  if (reader.ok()) return;
  Check(reader.Next() == Type::kNone && reader.AtEnd());
  Check(reader.Str().empty() && reader.Array() == 0 && !reader.ok());
}

}  // namespace
}  // namespace tidemark::msgpack

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  const std::string_view frame(reinterpret_cast<const char*>(data), size);
  msgpack::PullBlindly(frame);
  msgpack::Reader pulled(frame);
  msgpack::Reader skipped(frame);
  while (skipped.ok() && !skipped.AtEnd()) {
    skipped.Skip();
    msgpack::Pull(&pulled, 0);
    // A value that nests deeper than Skip goes is a fault there alone, as is an integer beyond 2^63
    // to Int alone.
    if (skipped.ok() && pulled.ok()) Check(pulled.AtEnd() == skipped.AtEnd());
    if (!pulled.ok()) break;
  }
  return 0;
}
