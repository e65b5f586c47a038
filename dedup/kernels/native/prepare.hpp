// One story made ready for exact comparison: its shingle set, its tokens with places, its figures and names.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "buffer.hpp"
#include "sketch.hpp"
#include "tokens.hpp"

namespace dedup {

struct Placed {
  std::uint64_t hash;
  std::uint32_t at;
  friend bool operator<(const Placed& x, const Placed& y) { return x.hash != y.hash ? x.hash < y.hash : x.at < y.at; }
};

struct Prepared {
  Tokens tokens;
  Buffer<std::uint64_t> words;     // hash of each token
  Buffer<std::uint64_t> shingles;  // hash of each shingle, in text order
  Buffer<Placed> sorted;           // the shingles by hash, then place
  Buffer<std::uint64_t> figures;   // distinct tokens with a digit, ascending
  Buffer<std::uint64_t> names;     // distinct capitalised tokens, ascending; none in a story that is mostly capitals
  std::size_t distinct = 0;        // shingles in the set
};

namespace prepare_detail {

inline void sort_distinct(Buffer<std::uint64_t>& values) {
  std::sort(values.begin(), values.end());
  values.resize(static_cast<std::size_t>(std::unique(values.begin(), values.end()) - values.begin()));
}

// A name is a capitalised token that the story never writes without its capital: a common word that opens a sentence
// stands elsewhere in lower case. Where most words are capitals (wires in upper case, headlines) case tells nothing.
inline void collect_facts(Prepared& p) {
  Buffer<std::uint64_t> plain;
  p.figures.clear();
  p.names.clear();
  std::size_t letters = 0;
  for (std::size_t i = 0; i < p.words.size(); ++i) {
    if (p.tokens.flags[i] & kTokenDigit) {
      p.figures.push_back(p.words[i]);
      continue;
    }
    ++letters;
    (p.tokens.flags[i] & kTokenUpper ? p.names : plain).push_back(p.words[i]);
  }
  if (p.names.size() * 2 > letters) p.names.clear();
  sort_distinct(p.figures);
  sort_distinct(p.names);
  sort_distinct(plain);
  std::size_t kept = 0;
  for (const std::uint64_t name : p.names)
    if (!std::binary_search(plain.begin(), plain.end(), name)) p.names[kept++] = name;
  p.names.resize(kept);
}

}  // namespace prepare_detail

inline void prepare(std::string_view text, std::size_t shingle, Prepared& p) {
  tokenize<true>(text, p.tokens);
  const std::size_t count = p.tokens.size();
  p.words.resize(count);
  for (std::size_t i = 0; i < count; ++i) p.words[i] = xxh3::hash(p.tokens.at(i), p.tokens.bytes(i, 1));
  hash_shingles(p.tokens, shingle, p.shingles);
  p.sorted.resize(p.shingles.size());
  for (std::size_t i = 0; i < p.shingles.size(); ++i) p.sorted[i] = {p.shingles[i], static_cast<std::uint32_t>(i)};
  std::sort(p.sorted.begin(), p.sorted.end());
  p.distinct = 0;
  for (std::size_t i = 0; i < p.sorted.size(); ++i) p.distinct += i == 0 || p.sorted[i].hash != p.sorted[i - 1].hash;
  prepare_detail::collect_facts(p);
}

}  // namespace dedup
