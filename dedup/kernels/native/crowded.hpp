// Proposed pairs, put in order for who compares them.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "buffer.hpp"
#include "corpus.hpp"
#include "joinkeys.hpp"
#include "sieve.hpp"

namespace dedup {

// 1 for each of `pairs`, ascending, that can wait until more is known of who is kept: one of its stories looks like more than
// `full` others of the pairs, in `least` values of the signature or more, and it is not the first pair of its later story.
inline Buffer<std::uint8_t> crowded(const Corpus& corpus, std::span<const std::uint32_t> order, std::span<const RankPair> pairs,
                                    double least, std::size_t full, std::size_t threads) {
  const auto lock = corpus.reading();
  check_pairs(corpus, order, pairs);
  Buffer<std::uint8_t> waits;
  waits.resize(pairs.size());
  for_each_agreement(corpus, pairs.size(), threads,
                     [&](std::size_t p) { return StoryPair{order[pairs[p].later], order[pairs[p].earlier]}; },
                     [&](std::size_t p, std::uint32_t values) { waits[p] = values >= least; });
  std::vector<std::uint32_t> alike(order.size());
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    alike[pairs[p].later] += waits[p];
    alike[pairs[p].earlier] += waits[p];
  }
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const bool first = p == 0 || pairs[p - 1].later != pairs[p].later;
    waits[p] = !first && (alike[pairs[p].later] > full || alike[pairs[p].earlier] > full);
  }
  return waits;
}

// All of both, ascending; `pairs` are already.
inline Buffer<RankPair> merged(std::span<const RankPair> pairs, std::span<const RankPair> further) {
  if (!std::is_sorted(pairs.begin(), pairs.end())) throw std::invalid_argument("pairs: must ascend");
  Buffer<RankPair> more, all;
  more.append(further.data(), further.size());
  if (!std::is_sorted(more.begin(), more.end())) std::sort(more.begin(), more.end());
  all.resize(pairs.size() + more.size());
  std::merge(pairs.begin(), pairs.end(), more.begin(), more.end(), all.begin());
  return all;
}

}  // namespace dedup
