// What the joins go by: the stories by rank, and the keys of those that take part.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "buffer.hpp"
#include "corpus.hpp"
#include "parallel.hpp"
#include "spill.hpp"
#include "xxh3.hpp"

namespace dedup {

struct RankPair {
  std::uint32_t later, earlier;
  friend auto operator<=>(const RankPair&, const RankPair&) = default;
};

inline constexpr std::int64_t kUndated = std::numeric_limits<std::int64_t>::min();

// Throws unless `order` holds stories of the corpus, and the pairs are ranks, ascending. The corpus must be held.
inline void check_pairs(const Corpus& corpus, std::span<const std::uint32_t> order, std::span<const RankPair> pairs) {
  for (const std::uint32_t story : order)
    if (story >= corpus.size()) throw std::invalid_argument("order: names a story that is not in the corpus");
  for (const RankPair& pair : pairs)
    if (pair.later >= order.size() || pair.earlier >= pair.later)
      throw std::invalid_argument("pairs: not two ranks, the later first");
  if (!std::is_sorted(pairs.begin(), pairs.end())) throw std::invalid_argument("pairs: must ascend");
}

// What both joins need to know about the stories. Spans are indexed by rank.
struct JoinInput {
  const Corpus& corpus;
  std::span<const std::uint32_t> order;     // story number
  std::span<const std::uint8_t> active;     // 0: takes no part
  std::span<const std::int64_t> published;  // a time in any one unit, or kUndated; empty: no window
  std::int64_t window = 0;                  // what may lie between two dated stories, in that unit
  std::span<const RankPair> known;          // ascending; not proposed again
  std::size_t threads = 0;

  // Throws where the spans do not fit the corpus or each other. The corpus must be held.
  void check() const {
    check_pairs(corpus, order, known);
    if (active.size() != order.size()) throw std::invalid_argument("active: one value a rank");
    if (!published.empty() && published.size() != order.size())
      throw std::invalid_argument("published: one value a rank, or none");
  }
};

namespace join_detail {

// What the joins sort: as much of a key's hash as fits above a rank. Strangers may meet in one bucket, as they may share a key:
// of 10 million stories a thousand pairs, of a million one; a comparison tells them apart.
using Entry = std::uint64_t;

class EntryShape {
 public:
  explicit EntryShape(std::size_t ranks) : rank_bits_(std::bit_width(ranks)) {}
  Entry of(std::uint64_t hash, std::uint32_t rank) const { return hash >> rank_bits_ << rank_bits_ | rank; }
  std::uint64_t hash(Entry entry) const { return entry >> rank_bits_; }
  std::uint32_t rank(Entry entry) const { return static_cast<std::uint32_t>(entry ^ entry >> rank_bits_ << rank_bits_); }

 private:
  int rank_bits_;
};

struct Member {
  std::uint32_t story, rank;
};

// Those that take part, in the order in which they lie in memory: by rank, each would be a walk to another place.
inline Buffer<Member> members(const JoinInput& in) {
  constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> rank(in.corpus.size(), kNobody);
  for (std::uint32_t r = 0; r < in.order.size(); ++r)
    if (in.active[r] && in.corpus.has_shingles(in.order[r])) rank[in.order[r]] = r;
  Buffer<Member> out;
  for (std::uint32_t story = 0; story < rank.size(); ++story)
    if (rank[story] != kNobody) out.push_back({story, rank[story]});
  return out;
}

inline constexpr int kPartitionBits = 6;
inline constexpr std::size_t kPartitions = std::size_t{1} << kPartitionBits;

// The passage keys of all members, in partitions by their hash, whose further bits their entries hold: window minima crowd
// the low end, and have to be spread.
class KeyEntries {
 public:
  KeyEntries(const JoinInput& in, const Buffer<Member>& members)
      : in_(in), members_(members), shape_(in.order.size()), counts_((members.size() + kPiece - 1) / kPiece * kPartitions) {
    for_each_task(tasks(), in_.threads, [&](std::size_t task, std::size_t) {
      each(task, 0, kPartitions, [&](std::size_t partition, Entry) { ++counts_[task * kPartitions + partition]; });
    });
  }

  // How many partitions to hold at once: all of them, or what fits into the room with the copies made in sorting.
  std::size_t at_once(std::size_t room) const {
    if (room == 0) return kPartitions;
    const std::size_t keys = std::accumulate(counts_.begin(), counts_.end(), std::size_t{0});
    const std::size_t bytes = keys * sizeof(Entry) / kPartitions + 1, sorting = bytes * worker_count(in_.threads, kPartitions);
    return std::clamp<std::size_t>(room > sorting ? (room - sorting) / bytes : 1, 1, kPartitions);
  }

  // Those of the partitions [begin, end), one after the other.
  std::vector<Buffer<Entry>> of(std::size_t begin, std::size_t end) const {
    std::vector<Buffer<Entry>> entries(end - begin);
    std::vector<std::size_t> at(counts_);
    for (std::size_t p = begin; p < end; ++p) {
      std::size_t total = 0;
      for (std::size_t task = 0; task < tasks(); ++task) {
        std::size_t& place = at[task * kPartitions + p];
        place = std::exchange(total, total + place);
      }
      entries[p - begin].resize(total);
    }
    for_each_task(tasks(), in_.threads, [&](std::size_t task, std::size_t) {
      each(task, begin, end, [&](std::size_t partition, Entry entry) {
        entries[partition - begin][at[task * kPartitions + partition]++] = entry;
      });
    });
    return entries;
  }

 private:
  static constexpr std::size_t kPiece = 1 << 14;

  std::size_t tasks() const { return counts_.size() / kPartitions; }

  template <class Use>
  void each(std::size_t task, std::size_t begin, std::size_t end, const Use& use) const {
    Breath breath(in_.corpus);
    for (std::size_t i = task * kPiece; i < std::min(members_.size(), (task + 1) * kPiece); ++i) {
      breath.take(1);
      for (const std::uint64_t key : in_.corpus.keys(members_[i].story)) {
        const std::uint64_t hash = key * xxh3::kPrime64_1;
        const auto partition = static_cast<std::size_t>(hash >> (64 - kPartitionBits));
        if (partition >= begin && partition < end)
          use(partition, shape_.of(hash << kPartitionBits, members_[i].rank));
      }
    }
  }

  const JoinInput& in_;
  const Buffer<Member>& members_;
  EntryShape shape_;
  std::vector<std::size_t> counts_;  // of each piece of the members, in each partition
};

// The keys of all bands of all members, hashed: band after band in the file of a corpus that has one, so that its signatures are
// walked through once only; else worked out when they are asked for.
class BandKeys {
 public:
  BandKeys(const JoinInput& in, const Buffer<Member>& members, std::size_t bands, std::size_t rows)
      : in_(in), members_(members), rows_(rows) {
    if (!in.corpus.spill() || members.empty()) return;
    scratch_.emplace(*in.corpus.spill(), bands * members.size() * sizeof(std::uint64_t));
    auto* const keys = reinterpret_cast<std::uint64_t*>(scratch_->data());
    constexpr std::size_t kPiece = 1 << 14;
    for_each_task((members.size() + kPiece - 1) / kPiece, in.threads, [&](std::size_t task, std::size_t) {
      Breath breath(in.corpus);
      for (std::size_t i = task * kPiece; i < std::min(members.size(), (task + 1) * kPiece); ++i) {
        breath.take(1);
        for (std::size_t band = 0; band < bands; ++band) keys[band * members.size() + i] = key(band, i);
      }
    });
  }

  // Calls use(k, i, key) for the bands [first, first + count), k counting from 0, and each member i.
  template <class Use>
  void each(std::size_t first, std::size_t count, const Use& use) const {
    constexpr std::size_t kBreath = 1 << 16;
    const auto* const keys = scratch_ ? reinterpret_cast<const std::uint64_t*>(scratch_->data()) : nullptr;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (keys != nullptr && i % kBreath == 0) in_.corpus.breathe();
      if (keys == nullptr && i + kAhead < members_.size()) fetch(i + kAhead, first, count);
      for (std::size_t k = 0; k < count; ++k)
        use(k, i, keys == nullptr ? key(first + k, i) : keys[(first + k) * members_.size() + i]);
    }
  }

  // Bands to take together: as their values lie side by side, or one where they are told apart.
  std::size_t at_once() const { return scratch_ ? 1 : kMost; }
  static constexpr std::size_t kMost = 8;

 private:
  // Members whose values are called for before they are needed: they lie too far apart to be foreseen.
  static constexpr std::size_t kAhead = 12, kLine = 64;

  void fetch(std::size_t i, std::size_t first, std::size_t count) const {
    const auto* const values = reinterpret_cast<const char*>(in_.corpus.signature(members_[i].story).data() + first * rows_);
    for (std::size_t byte = 0; byte < count * rows_ * sizeof(std::uint32_t); byte += kLine) __builtin_prefetch(values + byte);
  }

  std::uint64_t key(std::size_t band, std::size_t i) const {
    const std::uint32_t* values = in_.corpus.signature(members_[i].story).data() + band * rows_;
    return xxh3::hash(reinterpret_cast<const std::uint8_t*>(values), rows_ * sizeof *values);
  }

  const JoinInput& in_;
  const Buffer<Member>& members_;
  std::size_t rows_;
  std::optional<Spill::Scratch> scratch_;
};

}  // namespace join_detail

}  // namespace dedup
