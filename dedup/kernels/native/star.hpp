// Star clusters over verified pairs: the walk in keep order.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <span>
#include <stdexcept>
#include <vector>

#include "buffer.hpp"

namespace dedup {

inline constexpr std::int64_t kKept = -1;

// Verified pairs that are added over and over, and judged anew each time.
class Stars {
 public:
  explicit Stars(std::size_t ranks) : ranks_(ranks) {
    if (ranks >= std::numeric_limits<std::uint32_t>::max()) throw std::length_error("at most 4,294,967,294 ranks");
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return edges_.size();
  }

  void add(std::span<const std::uint32_t> later, std::span<const std::uint32_t> earlier, std::span<const double> jaccard) {
    if (earlier.size() != later.size() || jaccard.size() != later.size())
      throw std::invalid_argument("edges: one value each");
    for (std::size_t e = 0; e < later.size(); ++e)
      if (later[e] >= ranks_ || earlier[e] >= later[e]) throw std::invalid_argument("edges: not two ranks, the later first");
    const std::lock_guard lock(mutex_);
    if (edges_.size() + later.size() > std::numeric_limits<std::uint32_t>::max())
      throw std::length_error("more than 4,294,967,295 pairs; scan fewer stories at once");
    for (std::size_t e = 0; e < later.size(); ++e) edges_.push_back({later[e], earlier[e], jaccard[e]});
    sorted_ = false;
  }

  // For each rank the best pair by which a kept story before it absorbs it, or kKept. `codes` has the relation of each
  // pair; one drops its later story if its `strength` is below `none`, the smaller the sooner, then the higher its
  // Jaccard similarity, then the earlier its earlier story.
  Buffer<std::int64_t> absorb(std::span<const std::uint8_t> codes, std::span<const std::uint8_t> strength, std::uint8_t none) {
    const std::lock_guard lock(mutex_);
    if (codes.size() != edges_.size()) throw std::invalid_argument("codes: one a pair");
    if (strength.size() != kCodes) throw std::invalid_argument("strength: 256 values");
    sort();
    Buffer<std::int64_t> absorbed;
    absorbed.resize(ranks_);
    std::size_t i = 0;
    for (std::size_t r = 0; r < ranks_; ++r) {
      absorbed[r] = kKept;
      const Place* best = nullptr;
      for (; i < first_[r + 1]; ++i) {
        const Place& edge = by_rank_[i];
        const std::uint8_t power = strength[codes[edge.number]];
        if (power >= none || absorbed[edge.earlier] != kKept) continue;
        if (best == nullptr || better(edge, power, *best, strength[codes[best->number]])) best = &edge;
      }
      if (best != nullptr) absorbed[r] = best->number;
    }
    return absorbed;
  }

 private:
  static constexpr std::size_t kCodes = 256;
  struct Edge {
    std::uint32_t later, earlier;
    double jaccard;
  };
  struct Place {
    std::uint32_t number, earlier;
    double jaccard;
  };

  static bool better(const Place& x, std::uint8_t of_x, const Place& y, std::uint8_t of_y) {
    if (of_x != of_y) return of_x < of_y;
    if (x.jaccard != y.jaccard) return x.jaccard > y.jaccard;
    return x.earlier < y.earlier;
  }

  void sort() {
    if (sorted_) return;
    first_.assign(ranks_ + 1, 0);
    for (const Edge& edge : edges_) ++first_[edge.later + 1];
    for (std::size_t r = 0; r < ranks_; ++r) first_[r + 1] += first_[r];
    std::vector<std::uint32_t> at(first_.begin(), first_.end() - 1);
    by_rank_.resize(edges_.size());
    for (std::size_t e = 0; e < edges_.size(); ++e)
      by_rank_[at[edges_[e].later]++] = {static_cast<std::uint32_t>(e), edges_[e].earlier, edges_[e].jaccard};
    sorted_ = true;
  }

  mutable std::mutex mutex_;
  std::size_t ranks_;
  Buffer<Edge> edges_;
  bool sorted_ = false;
  std::vector<std::uint32_t> first_;  // ranks + 1, into by_rank_
  Buffer<Place> by_rank_;
};

}  // namespace dedup
