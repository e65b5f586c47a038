// One story made ready for exact comparison: its tokens and shingles with their places, its figures and names.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "buffer.hpp"
#include "places.hpp"
#include "sketch.hpp"
#include "tokens.hpp"

namespace dedup {

struct Prepared {
  Tokens tokens;
  Buffer<std::uint64_t> words;     // hash of each token
  Buffer<std::uint64_t> shingles;  // hash of each shingle, in text order
  Places places;                   // of the shingles

  std::size_t distinct() const { return places.distinct(); }
};

inline void prepare(std::string_view text, std::size_t shingle, Prepared& p) {
  tokenize<true>(text, p.tokens);
  const std::size_t count = p.tokens.size();
  p.words.resize(count);
  for (std::size_t i = 0; i < count; ++i) p.words[i] = xxh3::hash(p.tokens.at(i), p.tokens.bytes(i, 1));
  hash_shingles(p.tokens, shingle, p.shingles);
  p.places.build(p.shingles);
}

// What a story states, as distinct token hashes, ascending.
struct Facts {
  Buffer<std::uint64_t> figures;  // tokens with a digit
  Buffer<std::uint64_t> names;    // capitalised tokens; none in a story that is mostly capitals
};

namespace prepare_detail {

inline void sort_distinct(Buffer<std::uint64_t>& values) {
  std::sort(values.begin(), values.end());
  values.resize(static_cast<std::size_t>(std::unique(values.begin(), values.end()) - values.begin()));
}

}  // namespace prepare_detail

// A name is a capitalised token that the story never writes without its capital: a common word that opens a sentence
// stands elsewhere in lower case. Where most words are capitals (wires in upper case, headlines) case tells nothing.
inline void collect_facts(const Prepared& p, Facts& facts) {
  Buffer<std::uint64_t> plain;
  facts.figures.clear();
  facts.names.clear();
  std::size_t letters = 0;
  for (std::size_t i = 0; i < p.words.size(); ++i) {
    if (p.tokens.flags[i] & kTokenDigit) {
      facts.figures.push_back(p.words[i]);
      continue;
    }
    ++letters;
    (p.tokens.flags[i] & kTokenUpper ? facts.names : plain).push_back(p.words[i]);
  }
  if (facts.names.size() * 2 > letters) facts.names.clear();
  prepare_detail::sort_distinct(facts.figures);
  prepare_detail::sort_distinct(facts.names);
  std::sort(plain.begin(), plain.end());
  std::size_t kept = 0;
  for (const std::uint64_t name : facts.names)
    if (!std::binary_search(plain.begin(), plain.end(), name)) facts.names[kept++] = name;
  facts.names.resize(kept);
}

}  // namespace dedup
