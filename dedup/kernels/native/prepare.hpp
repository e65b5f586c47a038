// One story made ready for exact comparison: its tokens and shingles with their places, its figures and names.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "buffer.hpp"
#include "places.hpp"
#include "sketch.hpp"
#include "tokens.hpp"

namespace dedup {

// What a story states. A distinct token counts once, at its first place.
struct Facts {
  enum Role : std::uint8_t { none, figure, name };
  Places places;                // of the tokens
  Buffer<std::uint8_t> roles;   // one a token, set at first places
  std::uint32_t figures = 0;    // distinct tokens with a digit
  std::uint32_t names = 0;      // distinct capitalised tokens; none in a story that is mostly capitals
};

struct Prepared {
  Tokens tokens;
  Buffer<std::uint64_t> words;     // hash of each token
  Buffer<std::uint64_t> shingles;  // hash of each shingle, in text order
  Places places;                   // of the shingles
  Facts facts;                     // once collect_facts() was called
  bool has_facts = false;

  std::size_t distinct() const { return places.distinct(); }
};

inline void prepare(std::string_view text, std::size_t shingle, Prepared& p) {
  tokenize<true>(text, p.tokens);
  const std::size_t count = p.tokens.size();
  p.words.resize(count);
  for (std::size_t i = 0; i < count; ++i) p.words[i] = xxh3::hash(p.tokens.at(i), p.tokens.bytes(i, 1));
  hash_shingles(p.tokens, shingle, p.shingles);
  p.places.build(p.shingles);
  p.has_facts = false;
}

// A name is a capitalised token that the story never writes without its capital: a common word that opens a sentence
// stands elsewhere in lower case. Where most words are capitals (wires in upper case, headlines) case tells nothing.
inline void collect_facts(Prepared& p) {
  if (std::exchange(p.has_facts, true)) return;
  Facts& facts = p.facts;
  const Buffer<std::uint8_t>& flags = p.tokens.flags;
  facts.places.build(p.words);
  facts.roles.resize(p.words.size());
  facts.figures = facts.names = 0;
  std::size_t letters = 0, capitals = 0;
  for (std::uint32_t i = 0; i < p.words.size(); ++i) {
    facts.roles[i] = Facts::none;
    const bool digit = flags[i] & kTokenDigit, upper = flags[i] & kTokenUpper;
    letters += !digit;
    capitals += !digit && upper;
    if (facts.places.first(p.words[i]) != i) continue;
    if (digit) {
      facts.roles[i] = Facts::figure;
      ++facts.figures;
    } else if (upper) {
      bool always = true;
      for (std::uint32_t at = i; always && at != kNowhere; at = facts.places.next(at)) always = flags[at] & kTokenUpper;
      if (always) facts.roles[i] = Facts::name;
      facts.names += always;
    }
  }
  if (capitals * 2 <= letters) return;
  facts.names = 0;
  for (std::uint8_t& role : facts.roles)
    if (role == Facts::name) role = Facts::none;
}

}  // namespace dedup
