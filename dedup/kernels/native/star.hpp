// Star clusters over verified pairs: the walk in keep order.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "buffer.hpp"

namespace dedup {

// Pairs of ranks, one value each. A pair drops its later story if its strength is below `none`, the smaller the sooner.
struct StarEdges {
  std::span<const std::uint32_t> later, earlier;
  std::span<const std::uint8_t> strength;
  std::span<const double> jaccard;
  std::uint8_t none;

  bool drops(std::size_t edge) const { return strength[edge] < none; }
  bool better(std::size_t x, std::size_t y) const {
    if (strength[x] != strength[y]) return strength[x] < strength[y];
    if (jaccard[x] != jaccard[y]) return jaccard[x] > jaccard[y];
    return earlier[x] < earlier[y];
  }
  void check(std::size_t ranks) const {
    if (earlier.size() != later.size() || strength.size() != later.size() || jaccard.size() != later.size())
      throw std::invalid_argument("edges: one value each");
    for (std::size_t e = 0; e < later.size(); ++e)
      if (later[e] >= ranks || earlier[e] >= later[e]) throw std::invalid_argument("edges: not two ranks, the later first");
  }
};

inline constexpr std::int64_t kKept = -1;

// For each of `ranks` the best edge by which a kept story before it absorbs it, or kKept.
inline Buffer<std::int64_t> absorb(std::size_t ranks, const StarEdges& edges) {
  edges.check(ranks);
  std::vector<std::size_t> first(ranks + 1);
  for (std::size_t e = 0; e < edges.later.size(); ++e) first[edges.later[e] + 1] += edges.drops(e);
  for (std::size_t r = 0; r < ranks; ++r) first[r + 1] += first[r];
  std::vector<std::size_t> at(first.begin(), first.end() - 1), by_rank(first[ranks]);
  for (std::size_t e = 0; e < edges.later.size(); ++e)
    if (edges.drops(e)) by_rank[at[edges.later[e]]++] = e;
  Buffer<std::int64_t> absorbed;
  absorbed.resize(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    absorbed[r] = kKept;
    for (std::size_t i = first[r]; i < first[r + 1]; ++i) {
      const std::size_t edge = by_rank[i];
      if (absorbed[edges.earlier[edge]] != kKept) continue;
      if (absorbed[r] == kKept || edges.better(edge, static_cast<std::size_t>(absorbed[r])))
        absorbed[r] = static_cast<std::int64_t>(edge);
    }
  }
  return absorbed;
}

}  // namespace dedup
