// How rare what two stories share is: for every passage key of both, which stories hold it.
#pragma once
#include <algorithm>
#include <bit>
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
    Breath breath(corpus);
    const std::size_t first = task * kPiece, last = std::min(pairs.size(), first + kPiece);
    for (std::size_t p = first; p < last; ++p) {
      if (p == first || pairs[p].later != pairs[p - 1].later) sorted_keys(corpus, order[pairs[p].later], later);
      sorted_keys(corpus, order[pairs[p].earlier], earlier);
      const std::uint64_t* at = later.begin();
      for (const std::uint64_t key : earlier) {
        at = std::lower_bound(at, static_cast<const std::uint64_t*>(later.end()), key);
        if (at != later.end() && *at == key) found[task].push_back({key, static_cast<std::uint32_t>(p)});
      }
      breath.take(2);
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
  // A bit a key, of at least sixteen, turns away most of those that are not wanted.
  const int bits = std::clamp(static_cast<int>(std::bit_width(wanted.size())) + 4, 12, 40);
  std::vector<bool> filter(std::size_t{1} << bits);
  const auto slot = [bits](std::uint64_t key) { return static_cast<std::size_t>(key * xxh3::kPrime64_1 >> (64 - bits)); };
  for (const std::uint64_t key : wanted) filter[slot(key)] = true;
  // Stories in the order in which they lie in memory: by rank, each would be a walk to another place.
  constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> rank(corpus.size(), kNobody);
  for (std::size_t r = 0; r < order.size(); ++r) rank[order[r]] = static_cast<std::uint32_t>(r);
  constexpr std::size_t kPiece = 4096;
  const std::size_t tasks = (corpus.size() + kPiece - 1) / kPiece;
  std::vector<Buffer<std::uint64_t>> found(tasks);
  for_each_task(tasks, threads, [&](std::size_t task, std::size_t) {
    Breath breath(corpus);
    for (std::size_t story = task * kPiece; story < std::min(corpus.size(), (task + 1) * kPiece); ++story) {
      if (rank[story] == kNobody) continue;
      breath.take(1);
      for (const std::uint64_t key : corpus.keys(story)) {
        if (!filter[slot(key)]) continue;
        const auto at = std::lower_bound(wanted.begin(), wanted.end(), key);
        if (at != wanted.end() && *at == key)
          found[task].push_back(static_cast<std::uint64_t>(at - wanted.begin()) << 32 | rank[story]);
      }
    }
  });
  Buffer<std::uint64_t> all;
  for (const Buffer<std::uint64_t>& part : found) all.append(part.data(), part.size());
  std::sort(all.begin(), all.end());
  all.resize(static_cast<std::size_t>(std::unique(all.begin(), all.end()) - all.begin()));  // a story may have a key twice
  return all;
}

}  // namespace rarity_detail

// What is added for a key that `n` others hold is logs[min(n, logs.size() - 1)]; of each pair the means over its keys, 0.0
// where it has none.
struct Means {
  double before, anywhere;
};

// For each of some pairs, ascending, the keys that both stories hold.
class SharedKeys {
 public:
  SharedKeys(const Corpus& corpus, std::span<const std::uint32_t> order, std::span<const RankPair> pairs, std::size_t threads)
      : ranks_(order.size()) {
    using namespace rarity_detail;
    const auto lock = corpus.reading();
    check_pairs(corpus, order, pairs);
    pairs_.append(pairs.data(), pairs.size());
    const Buffer<Use> used = uses(corpus, order, pairs, threads);
    if (used.size() > std::numeric_limits<std::uint32_t>::max())
      throw std::length_error("more than 4,294,967,295 passage keys shared; scan fewer stories at once");
    Buffer<std::uint64_t> wanted;
    for (const Use& use : used) wanted.push_back(use.key);
    std::sort(wanted.begin(), wanted.end());
    wanted.resize(static_cast<std::size_t>(std::unique(wanted.begin(), wanted.end()) - wanted.begin()));
    const Buffer<std::uint64_t> held = holders_of(corpus, order, {wanted.data(), wanted.size()}, threads);
    std::vector<std::uint32_t> first(wanted.size() + 1);
    holders_.resize(held.size());
    for (std::size_t i = 0; i < held.size(); ++i) {
      ++first[(held[i] >> 32) + 1];
      holders_[i] = static_cast<std::uint32_t>(held[i]);
    }
    for (std::size_t k = 0; k < wanted.size(); ++k) first[k + 1] += first[k];
    keys_.resize(used.size());
    values_.resize(used.size());
    for (std::size_t i = 0; i < used.size(); ++i) {
      const auto key = static_cast<std::size_t>(std::lower_bound(wanted.begin(), wanted.end(), used[i].key) - wanted.begin());
      const std::uint32_t* const begin = holders_.data() + first[key];
      const std::uint32_t* const end = holders_.data() + first[key + 1];
      const auto here = std::lower_bound(begin, end, pairs[used[i].pair].later);
      values_[i] = used[i].key;
      keys_[i] = {used[i].pair, first[key], static_cast<std::uint32_t>(here - holders_.data()), first[key + 1]};
    }
  }

  // The keys, pair after pair; those of one pair ascend.
  std::span<const std::uint64_t> values() const { return {values_.data(), values_.size()}; }

  // How common the keys of each pair are among the stories whose `kept` is 1, by rank, from rank `first` on, and those
  // `elsewhere`, counted for each of values(). The two stories of the pair do not count.
  Buffer<Means> commonness(std::span<const std::uint8_t> kept, std::uint32_t first, std::span<const std::int64_t> elsewhere,
                           std::span<const double> logs) const {
    if (kept.size() != ranks_) throw std::invalid_argument("kept: one value a rank");
    if (elsewhere.size() != keys_.size()) throw std::invalid_argument("elsewhere: one value a key");
    if (logs.empty()) throw std::invalid_argument("logs: at least one value");
    Buffer<std::uint32_t> until;  // kept holders before each place
    until.resize(holders_.size() + 1);
    until[0] = 0;
    for (std::size_t i = 0; i < holders_.size(); ++i)
      until[i + 1] = until[i] + (kept[holders_[i]] != 0 && holders_[i] >= first ? 1 : 0);
    const auto log_of = [logs](std::int64_t count) {
      return logs[static_cast<std::size_t>(std::clamp<std::int64_t>(count, 0, static_cast<std::int64_t>(logs.size()) - 1))];
    };
    Buffer<Means> means;
    means.resize(pairs_.size());
    std::size_t at = 0;
    for (std::size_t p = 0; p < pairs_.size(); ++p) {
      const std::int64_t later = kept[pairs_[p].later] != 0, earlier = kept[pairs_[p].earlier] != 0;
      Means sum{0.0, 0.0};
      const std::size_t begin = at;
      for (; at < keys_.size() && keys_[at].pair == p; ++at) {
        const SharedKey& key = keys_[at];
        const std::int64_t outside = elsewhere[at] - until[key.begin] - earlier;
        sum.before += log_of(outside + until[key.here]);
        sum.anywhere += log_of(outside + until[key.end] - later);
      }
      const auto count = static_cast<double>(std::max<std::size_t>(at - begin, 1));
      means[p] = {sum.before / count, sum.anywhere / count};
    }
    return means;
  }

 private:
  std::size_t ranks_;
  Buffer<RankPair> pairs_;
  Buffer<SharedKey> keys_;         // by pair
  Buffer<std::uint64_t> values_;   // the key of each
  Buffer<std::uint32_t> holders_;  // ranks, of one key after the other
};

}  // namespace dedup
