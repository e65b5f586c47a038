// How rare what two stories share is: for every passage key of both, which stories hold it.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "buffer.hpp"
#include "corpus.hpp"
#include "join.hpp"
#include "parallel.hpp"
#include "xxh3.hpp"

namespace dedup {

// A passage key that both stories of a pair hold. The ranks of its holders are `holders[begin, end)`, ascending; those
// before the pair's later story end at `here`.
struct SharedKey {
  std::uint32_t pair, begin, here, end;
};

static_assert(sizeof(SharedKey) == 4 * sizeof(std::uint32_t));

struct SharedKeys {
  Buffer<SharedKey> keys;          // by pair, in the order of the pairs
  Buffer<std::uint64_t> values;    // the key of each
  Buffer<std::uint32_t> holders;   // ranks, of one key after the other
};

namespace rarity_detail {

struct Use {
  std::uint64_t key;
  std::uint32_t pair;
};

inline void sorted_keys(const Corpus& corpus, std::uint32_t story, Buffer<std::uint64_t>& keys) {
  keys.clear();
  keys.append(corpus.keys(story).data(), corpus.keys(story).size());
  std::sort(keys.begin(), keys.end());
  keys.resize(static_cast<std::size_t>(std::unique(keys.begin(), keys.end()) - keys.begin()));
}

// The keys that both stories of each pair hold.
inline Buffer<Use> uses(const Corpus& corpus, std::span<const std::uint32_t> order, std::span<const RankPair> pairs,
                        std::size_t threads) {
  constexpr std::size_t kPiece = 1024;
  const std::size_t tasks = (pairs.size() + kPiece - 1) / kPiece;
  std::vector<Buffer<Use>> found(tasks);
  for_each_task(tasks, threads, [&](std::size_t task, std::size_t) {
    Buffer<std::uint64_t> later, earlier;
    const std::size_t first = task * kPiece, last = std::min(pairs.size(), first + kPiece);
    for (std::size_t p = first; p < last; ++p) {
      if (p == first || pairs[p].later != pairs[p - 1].later) sorted_keys(corpus, order[pairs[p].later], later);
      sorted_keys(corpus, order[pairs[p].earlier], earlier);
      const std::uint64_t* at = later.begin();
      for (const std::uint64_t key : earlier) {
        at = std::lower_bound(at, static_cast<const std::uint64_t*>(later.end()), key);
        if (at != later.end() && *at == key) found[task].push_back({key, static_cast<std::uint32_t>(p)});
      }
    }
  });
  Buffer<Use> all;
  for (Buffer<Use>& part : found) {
    all.append(part.data(), part.size());
    part = {};
  }
  return all;
}

// Which of `wanted` (ascending) each story holds, as (place in `wanted`, rank), ascending.
inline Buffer<std::uint64_t> holders_of(const Corpus& corpus, std::span<const std::uint32_t> order,
                                        std::span<const std::uint64_t> wanted, std::size_t threads) {
  // A story's keys are small numbers, being window minima: one bit a key of some of its middle bits turns away most.
  constexpr std::size_t kFilterBits = 22;
  std::vector<bool> filter(std::size_t{1} << kFilterBits);
  const auto slot = [](std::uint64_t key) { return static_cast<std::size_t>(key * xxh3::kPrime64_1 >> (64 - kFilterBits)); };
  for (const std::uint64_t key : wanted) filter[slot(key)] = true;
  constexpr std::size_t kPiece = 4096;
  const std::size_t tasks = (order.size() + kPiece - 1) / kPiece;
  std::vector<Buffer<std::uint64_t>> found(tasks);
  for_each_task(tasks, threads, [&](std::size_t task, std::size_t) {
    Buffer<std::uint64_t> keys;
    for (std::size_t r = task * kPiece; r < std::min(order.size(), (task + 1) * kPiece); ++r) {
      sorted_keys(corpus, order[r], keys);
      for (const std::uint64_t key : keys) {
        if (!filter[slot(key)]) continue;
        const auto at = std::lower_bound(wanted.begin(), wanted.end(), key);
        if (at != wanted.end() && *at == key) found[task].push_back(static_cast<std::uint64_t>(at - wanted.begin()) << 32 | r);
      }
    }
  });
  Buffer<std::uint64_t> all;
  for (const Buffer<std::uint64_t>& part : found) all.append(part.data(), part.size());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace rarity_detail

// For each of `pairs`, ascending, the keys that both stories hold.
inline SharedKeys shared_keys(const Corpus& corpus, std::span<const std::uint32_t> order, std::span<const RankPair> pairs,
                              std::size_t threads) {
  using namespace rarity_detail;
  const auto lock = corpus.reading();
  check_pairs(corpus, order, pairs);
  const Buffer<Use> used = uses(corpus, order, pairs, threads);
  if (used.size() > std::numeric_limits<std::uint32_t>::max())
    throw std::length_error("more than 4,294,967,295 passage keys shared; scan fewer stories at once");
  Buffer<std::uint64_t> wanted;
  for (const Use& use : used) wanted.push_back(use.key);
  std::sort(wanted.begin(), wanted.end());
  wanted.resize(static_cast<std::size_t>(std::unique(wanted.begin(), wanted.end()) - wanted.begin()));
  const Buffer<std::uint64_t> held = holders_of(corpus, order, {wanted.data(), wanted.size()}, threads);
  std::vector<std::uint32_t> first(wanted.size() + 1);
  SharedKeys out;
  out.holders.resize(held.size());
  for (std::size_t i = 0; i < held.size(); ++i) {
    ++first[(held[i] >> 32) + 1];
    out.holders[i] = static_cast<std::uint32_t>(held[i]);
  }
  for (std::size_t k = 0; k < wanted.size(); ++k) first[k + 1] += first[k];
  out.keys.resize(used.size());
  out.values.resize(used.size());
  for (std::size_t i = 0; i < used.size(); ++i) {
    const auto key = static_cast<std::size_t>(std::lower_bound(wanted.begin(), wanted.end(), used[i].key) - wanted.begin());
    const std::uint32_t* const begin = out.holders.data() + first[key];
    const std::uint32_t* const end = out.holders.data() + first[key + 1];
    const auto here = std::lower_bound(begin, end, pairs[used[i].pair].later);
    out.values[i] = used[i].key;
    out.keys[i] = {used[i].pair, first[key], static_cast<std::uint32_t>(here - out.holders.data()), first[key + 1]};
  }
  return out;
}

}  // namespace dedup
