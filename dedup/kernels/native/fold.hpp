// How one code point folds: a look-up in the generated table, and the decoding of UTF-8 that feeds it.
#pragma once
#include <cstddef>
#include <cstdint>

#include "fold_table.hpp"
#include "platform.hpp"

namespace dedup::fold {

// The classes of generate_fold_table.py, which must agree.
enum Class : std::uint32_t { separator, word, mark, lone, transparent, sequence, hangul };
inline constexpr std::uint32_t kClassMask = 7, kDigit = 1u << 3, kUpper = 1u << 4;
inline constexpr int kPoolShift = 8;
inline constexpr std::uint32_t kReplacement = 0xFFFD;

DEDUP_INLINE std::uint32_t entry(std::uint32_t code) {
  return fold_table::kEntries[fold_table::kIndex[code >> 7] * 128u + (code & 127u)];
}

struct Decoded {
  std::uint32_t code;
  std::uint32_t length;  // bytes
};

// One code point at `p` (p < end). Ill-formed bytes give U+FFFD, one byte at a time; an encoded surrogate, which Python
// strings can hold, gives U+FFFD for its three bytes, so that code-point positions stay those of the string.
DEDUP_INLINE Decoded decode(const std::uint8_t* p, const std::uint8_t* end) {
  const std::uint32_t lead = p[0];
  const std::ptrdiff_t left = end - p;
  const auto tail = [&](int i) { return static_cast<std::uint32_t>(p[i]) ^ 0x80u; };
  if (lead < 0x80) return {lead, 1};
  if (lead >= 0xC2 && lead < 0xE0 && left >= 2 && tail(1) < 0x40) return {(lead & 0x1Fu) << 6 | tail(1), 2};
  if (lead >= 0xE0 && lead < 0xF0 && left >= 3 && tail(1) < 0x40 && tail(2) < 0x40) {
    const std::uint32_t code = (lead & 0x0Fu) << 12 | tail(1) << 6 | tail(2);
    if (code < 0x800) return {kReplacement, 1};
    return {code >= 0xD800 && code <= 0xDFFF ? kReplacement : code, 3};
  }
  if (lead >= 0xF0 && lead < 0xF5 && left >= 4 && tail(1) < 0x40 && tail(2) < 0x40 && tail(3) < 0x40) {
    const std::uint32_t code = (lead & 7u) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3);
    if (code >= 0x10000 && code <= 0x10FFFF) return {code, 4};
  }
  return {kReplacement, 1};
}

}  // namespace dedup::fold
