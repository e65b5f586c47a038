// What one story states and another does not: the figures and names that count_facts() finds apart, with their places.
#pragma once
#include <cstddef>
#include <cstdint>

#include "buffer.hpp"
#include "places.hpp"
#include "prepare.hpp"

namespace dedup {

// A figure or name where it first stands, in code points, end excluded. Python reads it as a row of three uint32.
struct FactApart {
  std::uint32_t begin, end, role;  // Facts::Role
};
inline constexpr std::size_t kFactColumns = sizeof(FactApart) / sizeof(std::uint32_t);

// The figures and names of `a` that `b` does not have, in the order of a's text.
inline Buffer<FactApart> facts_apart(Prepared& a, Prepared& b) {
  collect_facts(a);
  collect_facts(b);
  Buffer<FactApart> found;
  const std::uint32_t count = static_cast<std::uint32_t>(a.words.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    if (a.facts.roles[i] == Facts::none || b.facts.places.first(a.facts.values[i]) != kNowhere) continue;
    std::uint32_t last = i;
    while (last + 1 < count && a.facts.values[last + 1] == 0) ++last;  // further tokens of one figure
    found.push_back({a.tokens.spans[i].begin, a.tokens.spans[last].end, a.facts.roles[i]});
  }
  return found;
}

}  // namespace dedup
