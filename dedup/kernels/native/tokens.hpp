// Text to folded tokens. The tokens of a story are laid end to end, each followed by one space, so that every shingle is
// a contiguous piece of the buffer and is hashed where it lies.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "buffer.hpp"
#include "fold.hpp"
#include "platform.hpp"

namespace dedup {

// Code points of the original text, end excluded.
struct Span {
  std::uint32_t begin, end;
};

enum TokenFlag : std::uint8_t { kTokenDigit = 1, kTokenUpper = 2 };

struct Tokens {
  Buffer<std::uint8_t> text;      // tokens, a space behind each
  Buffer<std::uint32_t> start;    // size() + 1 byte offsets into text
  Buffer<Span> spans;             // with detail only, one a token
  Buffer<std::uint8_t> flags;     // with detail only, TokenFlag bits

  std::size_t size() const { return start.empty() ? 0 : start.size() - 1; }
  const std::uint8_t* at(std::size_t i) const { return text.data() + start[i]; }
  // Bytes of `count` tokens from `i`, the spaces between them included.
  std::uint32_t bytes(std::size_t i, std::size_t count) const { return start[i + count] - start[i] - 1; }
  std::string_view view(std::size_t i) const { return {reinterpret_cast<const char*>(at(i)), bytes(i, 1)}; }
  std::string_view all() const {
    return size() == 0 ? std::string_view{}
                       : std::string_view{reinterpret_cast<const char*>(text.data()), bytes(0, size())};
  }
};

namespace tokens_detail {

// 64 ASCII bytes: which are letters or digits (a bit each), and the bytes in lower case. `high` marks the bytes
// that are not ASCII.
struct Block {
  std::uint64_t word, digit, upper, high;
  alignas(64) std::uint8_t lower[64 + 16];
};

DEDUP_INLINE void classify(const std::uint8_t* p, Block& block) {
  block.word = block.digit = block.upper = block.high = 0;
#if DEDUP_X86
  for (int part = 0; part < 4; ++part) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 16 * part));
    // Signed comparison finds a range once its first value is moved to -128.
    const auto in_range = [](__m128i v, int first, int count) __attribute__((always_inline)) {
      return _mm_cmplt_epi8(_mm_add_epi8(v, _mm_set1_epi8(static_cast<char>(-128 - first))),
                            _mm_set1_epi8(static_cast<char>(-128 + count)));
    };
    const __m128i upper = in_range(bytes, 'A', 26), digit = in_range(bytes, '0', 10);
    const __m128i lower = _mm_or_si128(bytes, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
    const __m128i word = _mm_or_si128(digit, in_range(lower, 'a', 26));
    _mm_store_si128(reinterpret_cast<__m128i*>(block.lower + 16 * part), lower);
    const auto bits = [part](__m128i v) __attribute__((always_inline)) {
      return static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(v))) << (16 * part);
    };
    block.word |= bits(word);
    block.digit |= bits(digit);
    block.upper |= bits(upper);
    block.high |= bits(bytes);
  }
#else
  for (int i = 0; i < 64; ++i) {
    const std::uint8_t c = p[i];
    const bool upper = static_cast<std::uint8_t>(c - 'A') < 26, digit = static_cast<std::uint8_t>(c - '0') < 10;
    const std::uint8_t lower = upper ? c | 0x20 : c;
    block.lower[i] = lower;
    const bool word = digit || static_cast<std::uint8_t>(lower - 'a') < 26;
    block.word |= static_cast<std::uint64_t>(word) << i;
    block.digit |= static_cast<std::uint64_t>(digit) << i;
    block.upper |= static_cast<std::uint64_t>(upper) << i;
    block.high |= static_cast<std::uint64_t>(c >> 7) << i;
  }
#endif
}

DEDUP_INLINE std::uint64_t low_bits(int count) { return count >= 64 ? ~0ull : (1ull << count) - 1; }

// Room that one step can fill: a block of 64 bytes copied 16 at a time, or one code point's fold, 18 code points at most
// (U+FDFA) of 4 bytes and a space each; generate_fold_table.py checks that bound.
inline constexpr std::size_t kStepBytes = 256, kStepTokens = 80;

template <bool Detail>
class Builder {
 public:
  DEDUP_INLINE explicit Builder(Tokens& out, std::size_t input_bytes) : out_(out) {
    out.text.clear();
    out.start.clear();
    out.spans.clear();
    out.flags.clear();
    out.text.reserve(input_bytes + input_bytes / 8 + 2 * kStepBytes);
    out.start.reserve(input_bytes / 4 + 2 * kStepTokens);
    take();
  }

  DEDUP_INLINE void ensure() {
    if (__builtin_expect(text_end_ - text_ < static_cast<std::ptrdiff_t>(kStepBytes) ||
                             start_end_ - start_ < static_cast<std::ptrdiff_t>(kStepTokens), 0))
      grow();
  }

  // `count` bytes of a block whose letters and digits are `block.word`; the first is code point `position`.
  DEDUP_INLINE void ascii(const Block& block, int count, std::uint32_t position) {
    std::uint64_t word = block.word & low_bits(count);
    if (open_) {
      const int run = lone_ ? 0 : std::countr_zero(~word);
      if (run > 0) copy(block, 0, run, position);
      if (run == count && run > 0) return;
      close();
      word &= ~low_bits(run);
    }
    if (word == 0) return;
    // Where runs begin and end, each read off its own mask: neither waits for the other, or for the copy.
    std::uint64_t begins = word & ~(word << 1), ends = ~word & (word << 1);
    int end = 0;
    for (; begins != 0; begins &= begins - 1, ends &= ends - 1) {
      const int first = std::countr_zero(begins);
      end = std::countr_zero(ends);  // 64 where the last run goes on behind the block
      open(false, position + static_cast<std::uint32_t>(first), (block.upper >> first & 1) ? kTokenUpper : 0);
      copy(block, first, end - first, position);
      *text_++ = ' ';
    }
    open_ = end == count;
    if (open_) --text_;  // more of this token may follow
  }

  DEDUP_INLINE void code_point(std::uint32_t code, const std::uint8_t* bytes, std::uint32_t length, std::uint32_t position) {
    const std::uint32_t entry = fold::entry(code);
    const auto cls = static_cast<fold::Class>(entry & fold::kClassMask);
    switch (cls) {
      case fold::transparent: return;
      case fold::separator: close(); return;
      case fold::word:
      case fold::mark:
      case fold::lone: put(cls, entry, bytes, length, position); return;
      case fold::hangul: hangul(code - 0xAC00, position); return;
      case fold::sequence: sequence(entry, position); return;
    }
  }

  DEDUP_INLINE void finish() {
    close();
    *start_++ = static_cast<std::uint32_t>(text_ - out_.text.data());
    out_.start.resize(static_cast<std::size_t>(start_ - out_.start.data()));
    out_.text.resize(static_cast<std::size_t>(text_ - out_.text.data()));
  }

 private:
  DEDUP_INLINE void take() {
    text_ = out_.text.end();
    text_end_ = out_.text.data() + out_.text.capacity();
    start_ = out_.start.end();
    start_end_ = out_.start.data() + out_.start.capacity();
  }

  __attribute__((noinline)) void grow() {
    out_.text.resize(static_cast<std::size_t>(text_ - out_.text.data()));
    out_.start.resize(static_cast<std::size_t>(start_ - out_.start.data()));
    out_.text.reserve(out_.text.size() + out_.text.size() / 2 + 2 * kStepBytes);
    out_.start.reserve(out_.start.size() + out_.start.size() / 2 + 2 * kStepTokens);
    take();
  }

  DEDUP_INLINE void open(bool lone, std::uint32_t position, std::uint8_t flags) {
    *start_++ = static_cast<std::uint32_t>(text_ - out_.text.data());
    open_ = true;
    lone_ = lone;
    if constexpr (Detail) {
      out_.spans.push_back({position, position});
      out_.flags.push_back(flags);
    }
  }

  DEDUP_INLINE void close() {
    if (open_) *text_++ = ' ';
    open_ = false;
  }

  DEDUP_INLINE void copy(const Block& block, int first, int run, std::uint32_t position) {
    const std::uint8_t* from = block.lower + first;
    std::memcpy(text_, from, 16);
    for (int done = 16; done < run; done += 16) std::memcpy(text_ + done, from + done, 16);
    text_ += run;
    if constexpr (Detail) {
      out_.spans[out_.spans.size() - 1].end = position + static_cast<std::uint32_t>(first + run);
      if (block.digit >> first & low_bits(run)) out_.flags[out_.flags.size() - 1] |= kTokenDigit;
    }
  }

  DEDUP_INLINE void put(fold::Class cls, std::uint32_t flags, const std::uint8_t* bytes, std::uint32_t length,
                        std::uint32_t position) {
    if (cls == fold::lone || (cls == fold::word && lone_)) close();
    if (!open_) open(cls == fold::lone, position, (flags & fold::kUpper) ? kTokenUpper : 0);
    for (std::uint32_t i = 0; i < length; ++i) *text_++ = bytes[i];
    if constexpr (Detail) {
      out_.spans[out_.spans.size() - 1].end = position + 1;
      if (flags & fold::kDigit) out_.flags[out_.flags.size() - 1] |= kTokenDigit;
    }
  }

  // Every code point of a fold stands at the one code point folded.
  void sequence(std::uint32_t entry, std::uint32_t position) {
    const std::uint8_t* pool = fold_table::kPool + (entry >> fold::kPoolShift);
    for (std::uint32_t left = *pool++; left > 0; --left) {
      const std::uint32_t cls = pool[0], length = pool[1];
      if ((cls & fold::kClassMask) == fold::separator)
        close();
      else
        put(static_cast<fold::Class>(cls & fold::kClassMask), (entry & fold::kUpper) | (cls & fold::kDigit), pool + 2,
            length, position);
      pool += 2 + length;
    }
  }

  // Unicode 15.1, section 3.12: a syllable is its two or three jamo.
  void hangul(std::uint32_t index, std::uint32_t position) {
    const std::uint32_t trail = index % 28;
    const std::uint32_t jamo[3] = {0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + trail};
    for (int i = 0; i < (trail ? 3 : 2); ++i) {
      const std::uint8_t utf8[3] = {static_cast<std::uint8_t>(0xE0 | jamo[i] >> 12),
                                    static_cast<std::uint8_t>(0x80 | (jamo[i] >> 6 & 0x3F)),
                                    static_cast<std::uint8_t>(0x80 | (jamo[i] & 0x3F))};
      put(fold::word, 0, utf8, 3, position);
    }
  }

  Tokens& out_;
  std::uint8_t* text_ = nullptr;
  std::uint8_t* text_end_ = nullptr;
  std::uint32_t* start_ = nullptr;
  std::uint32_t* start_end_ = nullptr;
  bool open_ = false;
  bool lone_ = false;
};

}  // namespace tokens_detail

// The longest text: folded it stays below 2^32 bytes, U+FDFA growing the most, from 3 bytes to 36.
inline constexpr std::size_t kMaxTextBytes = std::size_t{1} << 28;

// Folds and splits UTF-8 `text` (kMaxTextBytes at the most) into `out`, whose memory is reused. With Detail, spans and flags
// are filled as well.
template <bool Detail>
DEDUP_INLINE void tokenize(std::string_view text, Tokens& out) {
  using namespace tokens_detail;
  Builder<Detail> builder(out, text.size());
  Block block;
  std::uint8_t last[64];
  const auto* p = reinterpret_cast<const std::uint8_t*>(text.data());
  const std::uint8_t* const end = p + text.size();
  std::uint32_t position = 0;
  while (p < end) {
    builder.ensure();
    const std::ptrdiff_t left = end - p;
    if (left >= 64) {
      classify(p, block);
    } else {
      std::memset(last, 0, sizeof last);
      std::memcpy(last, p, static_cast<std::size_t>(left));
      classify(last, block);
    }
    const int count = std::min(std::countr_zero(block.high), static_cast<int>(std::min<std::ptrdiff_t>(left, 64)));
    builder.ascii(block, count, position);
    p += count;
    position += static_cast<std::uint32_t>(count);
    while (p < end && *p >= 0x80) {
      builder.ensure();
      const fold::Decoded decoded = fold::decode(p, end);
      builder.code_point(decoded.code, p, decoded.length, position++);
      p += decoded.length;
    }
  }
  builder.finish();
}

}  // namespace dedup
