// Text to sketch: tokens, shingle hashes, signature, passage keys. One body, compiled for each SIMD level.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "buffer.hpp"
#include "minhash.hpp"
#include "platform.hpp"
#include "tokens.hpp"
#include "winnow.hpp"
#include "xxh3.hpp"

namespace dedup {

struct SketchSettings {
  std::size_t shingle = 5;   // tokens in a shingle
  std::size_t window = 12;   // shingles in a passage window; 0: no passage keys
  Permutations permutations{128};
};

// Working memory for one thread; after sketch() it holds the sketch of the last text.
struct Sketcher {
  Tokens tokens;
  Buffer<std::uint64_t> hashes;    // of the shingles, in text order
  Buffer<std::uint32_t> mixed;
  Buffer<std::uint32_t> minima;    // permutations.padded() values
  Buffer<std::uint64_t> windows;
  Buffer<std::uint64_t> keys;      // passage keys, by place
  std::uint64_t digest = 0;        // XXH3 of all folded tokens: proposes identical stories, proves nothing
};

DEDUP_INLINE void hash_shingles(const Tokens& tokens, std::size_t shingle, Buffer<std::uint64_t>& hashes) {
  const std::size_t count = tokens.size() >= shingle ? tokens.size() - shingle + 1 : 0;
  hashes.resize(count);
  const std::uint8_t* text = tokens.text.data();
  const std::uint32_t* start = tokens.start.data();
  std::uint64_t* out = hashes.data();
  for (std::size_t i = 0; i < count; ++i)
    out[i] = xxh3::hash(text + start[i], start[i + shingle] - start[i] - 1);
}

namespace sketch_detail {

template <int Bytes>
DEDUP_INLINE void minhash_body(const std::uint64_t* hashes, std::size_t count, const Permutations& permutations,
                               Buffer<std::uint32_t>& mixed, Buffer<std::uint32_t>& minima) {
  mixed.resize(count);
  for (std::size_t i = 0; i < count; ++i) mixed[i] = finalize32(static_cast<std::uint32_t>(hashes[i]));
  minima.resize(permutations.padded());
  std::fill(minima.begin(), minima.end(), kNothing);
  permute<Bytes>(mixed.data(), count, permutations, minima.data());
}

DEDUP_INLINE void shingle_body(std::string_view text, std::size_t shingle, Sketcher& s) {
  tokenize<false>(text, s.tokens);
  hash_shingles(s.tokens, shingle, s.hashes);
}

DEDUP_INLINE void detail_body(std::string_view text, std::size_t shingle, Tokens& tokens, Buffer<std::uint64_t>& words,
                              Buffer<std::uint64_t>& shingles) {
  tokenize<true>(text, tokens);
  words.resize(tokens.size());
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = xxh3::hash(tokens.at(i), tokens.bytes(i, 1));
  hash_shingles(tokens, shingle, shingles);
}

template <int Bytes>
DEDUP_INLINE void sketch_body(std::string_view text, const SketchSettings& settings, Sketcher& s) {
  shingle_body(text, settings.shingle, s);
  minhash_body<Bytes>(s.hashes.data(), s.hashes.size(), settings.permutations, s.mixed, s.minima);
  s.keys.clear();
  if (settings.window > 0) winnow(s.hashes.data(), s.hashes.size(), settings.window, s.windows, s.keys);
  const std::string_view all = s.tokens.all();
  s.digest = xxh3::hash(reinterpret_cast<const std::uint8_t*>(all.data()), all.size());
}

// One copy of the bodies for a level; Bytes is the width of its vector registers.
#define DEDUP_LEVEL(name, bytes, ...)                                                                                \
  __VA_ARGS__ inline void sketch_##name(std::string_view text, const SketchSettings& settings, Sketcher& s) {        \
    sketch_body<bytes>(text, settings, s);                                                                           \
  }                                                                                                                  \
  __VA_ARGS__ inline void shingle_##name(std::string_view text, std::size_t shingle, Sketcher& s) {                  \
    shingle_body(text, shingle, s);                                                                                  \
  }                                                                                                                  \
  __VA_ARGS__ inline void detail_##name(std::string_view text, std::size_t shingle, Tokens& tokens,                   \
                                        Buffer<std::uint64_t>& words, Buffer<std::uint64_t>& shingles) {             \
    detail_body(text, shingle, tokens, words, shingles);                                                             \
  }                                                                                                                  \
  __VA_ARGS__ inline void minhash_##name(const std::uint64_t* hashes, std::size_t count, const Permutations& perms,  \
                                         Buffer<std::uint32_t>& mixed, Buffer<std::uint32_t>& minima) {              \
    minhash_body<bytes>(hashes, count, perms, mixed, minima);                                                        \
  }
DEDUP_LEVEL(baseline, 16)
#if DEDUP_X86
DEDUP_LEVEL(v2, 16, DEDUP_TARGET(DEDUP_V2))
DEDUP_LEVEL(v3, 32, DEDUP_TARGET(DEDUP_V3))
DEDUP_LEVEL(v4, 64, DEDUP_TARGET(DEDUP_V4))
#define DEDUP_DISPATCH(function, ...)                                   \
  switch (simd_level().load(std::memory_order_relaxed)) {               \
    case SimdLevel::v4: return sketch_detail::function##_v4(__VA_ARGS__); \
    case SimdLevel::v3: return sketch_detail::function##_v3(__VA_ARGS__); \
    case SimdLevel::v2: return sketch_detail::function##_v2(__VA_ARGS__); \
    default: return sketch_detail::function##_baseline(__VA_ARGS__);      \
  }
#else
#define DEDUP_DISPATCH(function, ...) return sketch_detail::function##_baseline(__VA_ARGS__)
#endif
#undef DEDUP_LEVEL

}  // namespace sketch_detail

// Fills `s` with the sketch of UTF-8 `text` (kMaxTextBytes at the most).
inline void sketch(std::string_view text, const SketchSettings& settings, Sketcher& s) {
  DEDUP_DISPATCH(sketch, text, settings, s);
}

// Fills the tokens and shingle hashes of `s` only.
inline void shingle_text(std::string_view text, std::size_t shingle, Sketcher& s) {
  DEDUP_DISPATCH(shingle, text, shingle, s);
}

// Fills `tokens` in detail, and the hashes of all tokens and of all shingles.
inline void detail_text(std::string_view text, std::size_t shingle, Tokens& tokens, Buffer<std::uint64_t>& words,
                        Buffer<std::uint64_t>& shingles) {
  DEDUP_DISPATCH(detail, text, shingle, tokens, words, shingles);
}

// The signature of `count` shingle hashes, in the first permutations.count values of `minima`; `mixed` is working memory.
inline void minhash(const std::uint64_t* hashes, std::size_t count, const Permutations& permutations,
                    Buffer<std::uint32_t>& mixed, Buffer<std::uint32_t>& minima) {
  DEDUP_DISPATCH(minhash, hashes, count, permutations, mixed, minima);
}
#undef DEDUP_DISPATCH

}  // namespace dedup
