// One story made ready for exact comparison: its tokens and shingles with their places, its figures and names.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "buffer.hpp"
#include "places.hpp"
#include "quotations.hpp"
#include "sketch.hpp"
#include "tokens.hpp"

namespace dedup {

// What a story states. A distinct figure or name counts once, at its first place.
struct Facts {
  enum Role : std::uint8_t { none, figure, name };
  Buffer<std::uint64_t> values;  // one a token: hash of the figure that begins there, 0 inside it, else of the token
  Places places;                 // of the values
  Buffer<std::uint8_t> roles;    // one a token, set at first places
  std::uint32_t figures = 0;     // distinct numbers: 1,500 and 7-3/4 are one each, 12in is 12
  std::uint32_t names = 0;       // distinct capitalised tokens; none in a story that is mostly capitals
};

struct Prepared {
  std::string_view text;           // must outlive this
  Tokens tokens;
  Buffer<std::uint64_t> words;     // hash of each token
  Buffer<std::uint64_t> shingles;  // hash of each shingle, in text order
  Places places;                   // of the shingles
  Facts facts;                     // once collect_facts() was called
  bool has_facts = false;
  Buffer<Span> quotations;         // once quotations_of() was called
  bool has_quotations = false;

  std::size_t distinct() const { return places.distinct(); }
};

inline void prepare(std::string_view text, std::size_t shingle, Prepared& p) {
  p.text = text;
  detail_text(text, shingle, p.tokens, p.words, p.shingles);
  p.places.build(p.shingles);
  p.has_facts = p.has_quotations = false;
}

inline const Buffer<Span>& quotations_of(Prepared& p) {
  if (!std::exchange(p.has_quotations, true)) find_quotations(p.text, p.quotations);
  return p.quotations;
}

// Finds the code points of a text, asked for in ascending order.
class CodePoints {
 public:
  explicit CodePoints(std::string_view text) : text_(text) {}
  // The byte at a code point if that is ASCII, else 0.
  char ascii(std::uint32_t place) {
    while (place_ + kAtOnce <= place && byte_ + kAtOnce <= text_.size() && are_ascii(text_.data() + byte_)) {
      place_ += kAtOnce;
      byte_ += kAtOnce;
    }
    while (byte_ < text_.size() && (place_ < place || continues(byte_))) place_ += !continues(++byte_);
    return byte_ < text_.size() && (text_[byte_] & 0x80) == 0 ? text_[byte_] : '\0';
  }

 private:
  static constexpr std::uint32_t kAtOnce = sizeof(std::uint64_t);
  static bool are_ascii(const char* bytes) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return (word & 0x8080808080808080u) == 0;
  }
  bool continues(std::size_t byte) const { return byte < text_.size() && (text_[byte] & 0xC0) == 0x80; }

  std::string_view text_;
  std::size_t byte_ = 0;
  std::uint32_t place_ = 0;
};

// The values of all tokens. Tokens with digits are one figure where only one of .,/:- stands between them; letters in them
// do not count (12in, 40x), nor do commas between thousands.
inline void find_values(const Prepared& p, Buffer<std::uint64_t>& values) {
  const Tokens& tokens = p.tokens;
  CodePoints points(p.text);
  Buffer<std::uint8_t> figure;
  values.clear();
  values.append(p.words.data(), p.words.size());
  for (std::size_t i = 0; i < p.words.size();) {
    if (!(tokens.flags[i] & kTokenDigit)) {
      ++i;
      continue;
    }
    figure.clear();
    std::size_t next = i;
    for (char between = '\0';; values[next] = 0) {
      const std::string_view token = tokens.view(next);
      if (between != '\0' && !(between == ',' && token.size() == 3)) figure.push_back('.');
      for (const char c : token)
        if (c < 'a' || c > 'z') figure.push_back(static_cast<std::uint8_t>(c));
      if (++next == p.words.size() || !(tokens.flags[next] & kTokenDigit)) break;
      if (tokens.spans[next].begin != tokens.spans[next - 1].end + 1) break;
      between = points.ascii(tokens.spans[next - 1].end);
      if (between == '\0' || std::string_view(".,/:-").find(between) == std::string_view::npos) break;
    }
    values[i] = xxh3::hash(figure.data(), figure.size());
    i = next;
  }
}

// A name is a capitalised token that the story never writes without its capital: a common word that opens a sentence
// stands elsewhere in lower case. Where most words are capitals (wires in upper case, headlines) case tells nothing.
inline void collect_facts(Prepared& p) {
  if (std::exchange(p.has_facts, true)) return;
  Facts& facts = p.facts;
  const Buffer<std::uint8_t>& flags = p.tokens.flags;
  find_values(p, facts.values);
  facts.places.build(facts.values);
  facts.roles.resize(p.words.size());
  facts.figures = facts.names = 0;
  std::size_t letters = 0, capitals = 0;
  for (std::uint32_t i = 0; i < p.words.size(); ++i) {
    facts.roles[i] = Facts::none;
    const bool digit = flags[i] & kTokenDigit, upper = flags[i] & kTokenUpper;
    letters += !digit;
    capitals += !digit && upper;
    if (facts.values[i] == 0 || !facts.places.is_first(i)) continue;
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
