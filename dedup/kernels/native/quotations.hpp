// Where a text quotes: what stands between quotation marks, within one line.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "buffer.hpp"
#include "tokens.hpp"

namespace dedup {

namespace quotations_detail {

enum class Mark : std::uint8_t { none, quote, line };

// The mark that begins at `byte`. Which way a mark faces is no help: languages differ, as in „so“ and “so”.
inline Mark mark_at(std::string_view text, std::size_t byte) {
  const auto follows = [&](std::size_t i) { return byte + i < text.size() ? static_cast<std::uint8_t>(text[byte + i]) : 0; };
  switch (static_cast<std::uint8_t>(text[byte])) {
    case '"': return Mark::quote;
    case '\n': return Mark::line;
    case 0xC2: return follows(1) == 0xAB || follows(1) == 0xBB ? Mark::quote : Mark::none;  // « »
    case 0xE2: return follows(1) == 0x80 && follows(2) >= 0x9C && follows(2) <= 0x9E ? Mark::quote : Mark::none;  // “ ” „
    case 0xE3: return follows(1) == 0x80 && follows(2) >= 0x8C && follows(2) <= 0x8F ? Mark::quote : Mark::none;  // 「」『』
    default: return Mark::none;
  }
}

// Whether none of eight bytes begins a mark or a code point of several bytes; now and then false where none does.
inline bool plain(const char* bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u, kHigh = kOnes << 7;
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  const auto may_hold = [](std::uint64_t differences) { return (differences - kOnes) & ~differences; };  // a zero byte
  return ((word | may_hold(word ^ kOnes * '"') | may_hold(word ^ kOnes * '\n')) & kHigh) == 0;
}

}  // namespace quotations_detail

// The quotations of a text in code points, marks excluded. One that its line does not close runs to the line's end, as
// where the next paragraph goes on with it.
inline void find_quotations(std::string_view text, Buffer<Span>& quotations) {
  using quotations_detail::Mark;
  constexpr std::uint32_t kAtOnce = sizeof(std::uint64_t);
  quotations.clear();
  bool inside = false;
  std::uint32_t place = 0, begin = 0;
  std::size_t looked_at = 0;
  for (std::size_t byte = 0; byte < text.size(); ++byte) {
    while (byte >= looked_at && byte + kAtOnce <= text.size()) {
      looked_at = byte + kAtOnce;
      if (!quotations_detail::plain(text.data() + byte)) break;
      byte += kAtOnce;
      place += kAtOnce;
    }
    if (byte == text.size()) break;
    if ((text[byte] & 0xC0) == 0x80) continue;
    const Mark mark = quotations_detail::mark_at(text, byte);
    if (mark != Mark::none) {
      if (inside) quotations.push_back({begin, place});
      inside = !inside && mark != Mark::line;
      begin = place + 1;
    }
    ++place;
  }
  if (inside) quotations.push_back({begin, place});
}

// Whether one of the quotations holds [begin, end).
inline bool lies_in(const Buffer<Span>& quotations, std::uint32_t begin, std::uint32_t end) {
  const auto after = std::upper_bound(quotations.begin(), quotations.end(), begin,
                                      [](std::uint32_t place, const Span& q) { return place < q.begin; });
  return after != quotations.begin() && end <= (after - 1)->end;
}

}  // namespace dedup
