// Candidate pairs: stories that share a band of their signatures, or a passage key.
//
// Stories are known here by rank, their place in keep order. Each bucket (the stories of one key) lists its members by
// rank, and a story visits earlier members only: what a stream would have met. A bucket visited in full costs its size
// squared, so the members that later ones visit are limited; which ones is the caller's rule.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "buffer.hpp"
#include "corpus.hpp"
#include "joinkeys.hpp"
#include "parallel.hpp"
#include "xxh3.hpp"

namespace dedup {

struct Candidates {
  std::vector<RankPair> pairs;   // ascending
  Buffer<std::uint32_t> cut;     // ranks in buckets whose members were not all visited, ascending
};

namespace join_detail {

// The members [begin, end) that `rank` visits.
struct Visit {
  std::uint32_t rank, begin, end;
};

struct Partition {
  Buffer<std::uint32_t> members;
  Buffer<Visit> visits;
  Buffer<std::uint32_t> cut;  // ranks, some of them often
};

// Leaves out most of the entries whose hash no other has: in a collection that repeats little, nearly all.
inline void drop_single(Buffer<Entry>& entries) {
  const int bits = std::clamp(static_cast<int>(std::bit_width(entries.size())) + 3, 6, 32);
  std::vector<std::uint64_t> met(std::size_t{1} << (bits - 6)), met_again(met.size());
  const auto place = [bits](Entry e) { return static_cast<std::size_t>(e >> (64 - bits)); };
  for (const Entry e : entries) {
    const std::uint64_t bit = std::uint64_t{1} << (place(e) & 63);
    std::uint64_t& word = met[place(e) >> 6];
    met_again[place(e) >> 6] |= word & bit;
    word |= bit;
  }
  std::size_t left = 0;
  for (const Entry e : entries) {
    entries[left] = e;
    left += met_again[place(e) >> 6] >> (place(e) & 63) & 1;
  }
  entries.resize(left);
}

// Brings those of one hash together, their ranks ascending: a counting sort into cells of a few entries each, and those by
// comparison. Hashes that stand alone may be missing.
inline Buffer<Entry> grouped(Buffer<Entry>& entries) {
  drop_single(entries);
  const int bits = std::clamp(static_cast<int>(std::bit_width(entries.size() / 4)), 1, 20);
  const auto cell = [bits](Entry e) { return static_cast<std::size_t>(e >> (64 - bits)); };
  std::vector<std::size_t> ends(std::size_t{1} << bits);
  for (const Entry e : entries) ++ends[cell(e)];
  std::size_t total = 0;
  for (std::size_t& end : ends) end = std::exchange(total, total + end);
  Buffer<Entry> out;
  out.resize(entries.size());
  for (const Entry e : entries) out[ends[cell(e)]++] = e;
  entries = {};
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    if (end - begin > 1) std::sort(out.begin() + begin, out.begin() + end);
    begin = end;
  }
  return out;
}

// Puts the members of `unsorted` into buckets; `rule(ranks, partition)` adds a bucket of two or more stories. A story may
// have a key twice.
template <class Rule>
void bucket(Buffer<Entry>& unsorted, const EntryShape& shape, const Rule& rule, Partition& partition) {
  const Buffer<Entry> entries = grouped(unsorted);
  Buffer<std::uint32_t> ranks;
  for (std::size_t i = 0, next; i < entries.size(); i = next) {
    for (next = i + 1; next < entries.size() && shape.hash(entries[next]) == shape.hash(entries[i]);) ++next;
    if (next - i < 2) continue;
    ranks.clear();
    for (std::size_t at = i; at < next; ++at)
      if (ranks.empty() || ranks.back() != shape.rank(entries[at])) ranks.push_back(shape.rank(entries[at]));
    if (ranks.size() > 1) rule(std::span<const std::uint32_t>(ranks.data(), ranks.size()), partition);
  }
}

// How many members of a bucket each of them visits: of up to `full` members all before it, of more the first `limit`.
struct BucketLimits {
  std::size_t full, limit;
};

inline void add_bucket(std::span<const std::uint32_t> ranks, const BucketLimits& limits, Partition& partition) {
  const std::size_t most = ranks.size() <= limits.full ? ranks.size() : limits.limit;
  const auto begin = static_cast<std::uint32_t>(partition.members.size());
  partition.members.append(ranks.data(), ranks.size());
  for (std::size_t i = 1; i < ranks.size(); ++i)
    partition.visits.push_back({ranks[i], begin, begin + static_cast<std::uint32_t>(std::min(i, most))});
  if (most + 1 < ranks.size()) partition.cut.append(ranks.data(), ranks.size());
}

// Every rank's visits together, whatever partition they came from.
struct VisitIndex {
  std::vector<std::size_t> first;  // ranks + 1
  Buffer<std::uint64_t> visits;    // begin << 32 | end, into members
  Buffer<std::uint32_t> members;

  VisitIndex(std::size_t ranks, std::vector<Partition>& partitions) : first(ranks + 1) {
    std::size_t total = 0;
    for (const Partition& p : partitions) {
      total += p.members.size();
      for (const Visit& v : p.visits) ++first[v.rank + 1];
    }
    for (std::size_t r = 0; r < ranks; ++r) first[r + 1] += first[r];
    visits.resize(first[ranks]);
    if (total > std::numeric_limits<std::uint32_t>::max())
      throw std::length_error("more than 4,294,967,295 places in buckets; scan fewer stories at once");
    members.reserve(total);
    std::vector<std::size_t> at(first.begin(), first.end() - 1);
    for (Partition& p : partitions) {
      const std::uint64_t base = members.size();
      for (const Visit& v : p.visits) visits[at[v.rank]++] = (base + v.begin) << 32 | (base + v.end);
      members.append(p.members.data(), p.members.size());
      p = Partition{};
    }
  }
};

// Marks each rank once a round, without clearing between rounds.
class Marks {
 public:
  explicit Marks(std::size_t ranks) : seen_(ranks, 0) {}
  void next_round() { ++round_; }
  bool mark(std::uint32_t rank) { return std::exchange(seen_[rank], round_) != round_; }

 private:
  std::vector<std::uint32_t> seen_;
  std::uint32_t round_ = 0;
};

inline bool in_window(const JoinInput& in, std::uint32_t x, std::uint32_t y) {
  if (in.published.empty() || in.published[x] == kUndated || in.published[y] == kUndated) return true;
  const std::int64_t low = std::min(in.published[x], in.published[y]), high = std::max(in.published[x], in.published[y]);
  return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) <= static_cast<std::uint64_t>(in.window);
}

inline Candidates gather(const JoinInput& in, std::vector<Partition>& partitions) {
  Candidates out;
  const std::size_t ranks = in.order.size();
  std::vector<std::uint8_t> cut(ranks);
  for (const Partition& p : partitions)
    for (const std::uint32_t rank : p.cut) cut[rank] = 1;
  for (std::uint32_t r = 0; r < ranks; ++r)
    if (cut[r]) out.cut.push_back(r);
  const VisitIndex index(ranks, partitions);
  constexpr std::size_t kPiece = 1024;
  const std::size_t tasks = (ranks + kPiece - 1) / kPiece;
  std::vector<std::vector<RankPair>> found(tasks);
  std::vector<Marks> marks(worker_count(in.threads, tasks), Marks(ranks));
  for_each_task(tasks, in.threads, [&](std::size_t task, std::size_t worker) {
    const auto end = static_cast<std::uint32_t>(std::min(ranks, (task + 1) * kPiece));
    auto known = std::lower_bound(in.known.begin(), in.known.end(), RankPair{static_cast<std::uint32_t>(task * kPiece), 0});
    for (auto r = static_cast<std::uint32_t>(task * kPiece); r < end; ++r) {
      marks[worker].next_round();
      for (; known != in.known.end() && known->later == r; ++known) marks[worker].mark(known->earlier);
      const std::size_t before = found[task].size();
      for (std::size_t v = index.first[r]; v < index.first[r + 1]; ++v)
        for (std::uint64_t m = index.visits[v] >> 32; m < (index.visits[v] & 0xFFFFFFFFu); ++m)
          if (marks[worker].mark(index.members[m]) && in_window(in, r, index.members[m]))
            found[task].push_back({r, index.members[m]});
      std::sort(found[task].begin() + static_cast<std::ptrdiff_t>(before), found[task].end());
    }
  });
  for (std::vector<RankPair>& part : found) {
    out.pairs.insert(out.pairs.end(), part.begin(), part.end());
    part = {};
  }
  return out;
}

}  // namespace join_detail

// Pairs whose signatures agree on all `rows` values of one of `bands` bands.
inline Candidates band_pairs(const JoinInput& in, std::size_t bands, std::size_t rows, join_detail::BucketLimits limits) {
  using namespace join_detail;
  const auto lock = in.corpus.reading();
  in.check();
  if (rows < 1 || bands > in.corpus.num_perm() / rows)
    throw std::invalid_argument("bands x rows: more than the signature holds");
  const Buffer<Member> taking_part = members(in);
  const EntryShape shape(in.order.size());
  const BandKeys keys(in, taking_part, bands, rows);
  const std::size_t at_once = keys.at_once();
  std::vector<Partition> partitions(bands);
  for_each_task((bands + at_once - 1) / at_once, in.threads, [&](std::size_t task, std::size_t) {
    const std::size_t first = task * at_once, count = std::min(at_once, bands - first);
    Buffer<Entry> entries[BandKeys::kMost];
    for (std::size_t k = 0; k < count; ++k) entries[k].resize(taking_part.size());
    keys.each(first, count, [&](std::size_t k, std::size_t i, std::uint64_t key) {
      entries[k][i] = shape.of(key, taking_part[i].rank);
    });
    for (std::size_t k = 0; k < count; ++k)
      bucket(entries[k], shape, [limits](std::span<const std::uint32_t> ranks, Partition& p) { add_bucket(ranks, limits, p); },
             partitions[first + k]);
  });
  return gather(in, partitions);
}

// Pairs that share a passage key held by at most `cap` kept stories. Of the stories that were not kept, the first `limit`
// of a key take part: copies of one story neither make its passages look common nor multiply the pairs.
inline Candidates passage_pairs(const JoinInput& in, std::span<const std::uint8_t> kept, std::size_t cap, std::size_t limit) {
  using namespace join_detail;
  const auto lock = in.corpus.reading();
  in.check();
  if (kept.size() != in.order.size()) throw std::invalid_argument("kept: one value a rank");
  const Buffer<Member> taking_part = members(in);
  const auto rule = [&](std::span<const std::uint32_t> ranks, Partition& p) {
    Buffer<std::uint32_t> taken;
    std::size_t keepers = 0, others = 0;
    for (const std::uint32_t r : ranks) {
      if (kept[r] ? ++keepers > cap : ++others > limit) {
        if (keepers > cap) break;
        continue;
      }
      taken.push_back(r);
    }
    if (keepers > cap || others > limit) p.cut.append(ranks.data(), ranks.size());
    if (keepers <= cap) add_bucket({taken.data(), taken.size()}, {taken.size(), 0}, p);
  };
  std::vector<Partition> partitions(kPartitions);
  const std::size_t room = in.corpus.working_memory();
  const KeyEntries keys(in, taking_part);
  const EntryShape shape(in.order.size());
  const std::size_t at_once = keys.at_once(room);
  for (std::size_t first = 0; first < kPartitions; first += at_once) {
    std::vector<Buffer<Entry>> entries = keys.of(first, std::min(first + at_once, kPartitions));
    for_each_task(entries.size(), in.threads, [&](std::size_t part, std::size_t) {
      bucket(entries[part], shape, rule, partitions[first + part]);
    });
  }
  return gather(in, partitions);
}

}  // namespace dedup
