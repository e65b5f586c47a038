// One step of the core over many texts, for callers that want that step alone.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "buffer.hpp"
#include "corpus.hpp"
#include "sketch.hpp"

namespace dedup::batch {

using Views = std::span<const std::string_view>;

// texts x permutations.count minima.
inline Buffer<std::uint32_t> signatures(Views texts, const SketchSettings& settings, std::size_t threads) {
  const std::size_t width = settings.permutations.count;
  Buffer<std::uint32_t> rows;
  rows.resize(texts.size() * width);
  for_each_text(texts, threads, [&](std::size_t i, Sketcher& sketcher) {
    sketch(texts[i], settings, sketcher);
    std::memcpy(rows.data() + i * width, sketcher.minima.data(), width * sizeof(std::uint32_t));
  });
  return rows;
}

inline Buffer<std::uint32_t> token_counts(Views texts, std::size_t threads) {
  Buffer<std::uint32_t> counts;
  counts.resize(texts.size());
  for_each_text(texts, threads, [&](std::size_t i, Sketcher& sketcher) {
    tokenize<false>(texts[i], sketcher.tokens);
    counts[i] = static_cast<std::uint32_t>(sketcher.tokens.size());
  });
  return counts;
}

struct Hashes {
  Buffer<std::uint64_t> values;  // of all texts, in text order
  Buffer<std::uint64_t> ends;    // those of text i end here
};

inline Hashes shingle_hashes(Views texts, std::size_t shingle) {
  Hashes out;
  Sketcher sketcher;
  for (const std::string_view text : texts) {
    shingle_text(text, shingle, sketcher);
    out.values.append(sketcher.hashes.data(), sketcher.hashes.size());
    out.ends.push_back(out.values.size());
  }
  return out;
}

// Signatures of shingle hashes laid out as shingle_hashes() gives them.
inline Buffer<std::uint32_t> permute_hashes(std::span<const std::uint64_t> values, std::span<const std::uint64_t> ends,
                                            const Permutations& permutations) {
  Buffer<std::uint32_t> rows, mixed, minima;
  std::uint64_t begin = 0;
  for (const std::uint64_t end : ends) {
    if (end < begin || end > values.size()) throw std::out_of_range("ends: must ascend and not pass the last hash");
    minhash(values.data() + begin, end - begin, permutations, mixed, minima);
    rows.append(minima.data(), permutations.count);
    begin = end;
  }
  return rows;
}

// The distinct passage keys of one text, ascending.
inline Buffer<std::uint64_t> passage_keys(std::string_view text, const SketchSettings& settings) {
  Sketcher sketcher;
  sketch(text, settings, sketcher);
  Buffer<std::uint64_t>& keys = sketcher.keys;
  std::sort(keys.begin(), keys.end());
  keys.resize(static_cast<std::size_t>(std::unique(keys.begin(), keys.end()) - keys.begin()));
  return std::move(keys);
}

}  // namespace dedup::batch
