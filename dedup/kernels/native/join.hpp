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
#include "parallel.hpp"
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

struct Candidates {
  std::vector<RankPair> pairs;   // ascending
  Buffer<std::uint32_t> cut;     // ranks in buckets whose members were not all visited, ascending
};

namespace join_detail {

struct Entry {
  std::uint64_t key;
  std::uint32_t rank;
};

// The members [begin, end) that `rank` visits.
struct Visit {
  std::uint32_t rank, begin, end;
};

struct Partition {
  Buffer<std::uint32_t> members;
  Buffer<Visit> visits;
  Buffer<std::uint32_t> cut;  // ranks, some of them often
};

// Brings equal keys together, their ranks ascending: a counting sort by the key's hash into cells of a few entries each,
// and those by comparison.
inline Buffer<Entry> grouped(Buffer<Entry>& entries) {
  const int bits = std::clamp(static_cast<int>(std::bit_width(entries.size() / 4)), 1, 20);
  const auto cell = [bits](const Entry& e) { return static_cast<std::size_t>(e.key * xxh3::kPrime64_1 >> (64 - bits)); };
  std::vector<std::size_t> ends(std::size_t{1} << bits);
  for (const Entry& e : entries) ++ends[cell(e)];
  std::size_t total = 0;
  for (std::size_t& end : ends) end = std::exchange(total, total + end);
  Buffer<Entry> out;
  out.resize(entries.size());
  for (const Entry& e : entries) out[ends[cell(e)]++] = e;
  entries = {};
  const auto before = [](const Entry& x, const Entry& y) { return x.key != y.key ? x.key < y.key : x.rank < y.rank; };
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    if (end - begin > 1) std::sort(out.begin() + begin, out.begin() + end, before);
    begin = end;
  }
  return out;
}

// Puts the members of `unsorted` into buckets; `rule(ranks, partition)` adds a bucket of two or more stories. A story may
// have a key twice.
template <class Rule>
void bucket(Buffer<Entry>& unsorted, const Rule& rule, Partition& partition) {
  const Buffer<Entry> entries = grouped(unsorted);
  Buffer<std::uint32_t> ranks;
  for (std::size_t i = 0, next; i < entries.size(); i = next) {
    for (next = i + 1; next < entries.size() && entries[next].key == entries[i].key;) ++next;
    if (next - i < 2) continue;
    ranks.clear();
    for (std::size_t at = i; at < next; ++at)
      if (ranks.empty() || ranks.back() != entries[at].rank) ranks.push_back(entries[at].rank);
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

namespace join_detail {

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

// The passage keys of all members that belong to the partitions [begin, end), of one partition after the other. They are
// parted by their hash: window minima crowd the low end, and have to be spread.
inline std::vector<Buffer<Entry>> key_entries(const JoinInput& in, const Buffer<Member>& members, std::size_t begin,
                                              std::size_t end) {
  constexpr std::size_t kPiece = 1 << 14;
  const std::size_t tasks = (members.size() + kPiece - 1) / kPiece, count = end - begin;
  const auto each = [&](std::size_t task, const auto& use) {
    Breath breath(in.corpus);
    for (std::size_t i = task * kPiece; i < std::min(members.size(), (task + 1) * kPiece); ++i) {
      breath.take(1);
      for (const std::uint64_t key : in.corpus.keys(members[i].story)) {
        const auto partition = static_cast<std::size_t>(key * xxh3::kPrime64_1 >> (64 - kPartitionBits)) - begin;
        if (partition < count) use(partition, Entry{key, members[i].rank});
      }
    }
  };
  std::vector<std::size_t> at(tasks * count);
  for_each_task(tasks, in.threads, [&](std::size_t task, std::size_t) {
    each(task, [&](std::size_t partition, const Entry&) { ++at[task * count + partition]; });
  });
  std::vector<Buffer<Entry>> entries(count);
  for (std::size_t p = 0; p < count; ++p) {
    std::size_t total = 0;
    for (std::size_t task = 0; task < tasks; ++task) {
      std::size_t& place = at[task * count + p];
      place = std::exchange(total, total + place);
    }
    entries[p].resize(total);
  }
  for_each_task(tasks, in.threads, [&](std::size_t task, std::size_t) {
    each(task, [&](std::size_t partition, const Entry& entry) { entries[partition][at[task * count + partition]++] = entry; });
  });
  return entries;
}

// How many partitions to hold at once: all of them, or what fits into the working memory with the copies made in sorting.
inline std::size_t partitions_at_once(const JoinInput& in, const Buffer<Member>& members) {
  if (in.corpus.working_memory() == 0) return kPartitions;
  std::size_t keys = 0;
  for (const Member& member : members) keys += in.corpus.keys(member.story).size();
  const std::size_t bytes = keys * sizeof(Entry) / kPartitions + 1, sorting = bytes * worker_count(in.threads, kPartitions);
  const std::size_t room = in.corpus.working_memory();
  return std::clamp<std::size_t>(room > sorting ? (room - sorting) / bytes : 1, 1, kPartitions);
}

}  // namespace join_detail

// Pairs whose signatures agree on all `rows` values of one of `bands` bands.
inline Candidates band_pairs(const JoinInput& in, std::size_t bands, std::size_t rows, join_detail::BucketLimits limits) {
  using namespace join_detail;
  const auto lock = in.corpus.reading();
  in.check();
  if (rows < 1 || bands > in.corpus.num_perm() / rows)
    throw std::invalid_argument("bands x rows: more than the signature holds");
  constexpr std::size_t kMost = 4;  // bands whose values are read together: a few of them share a line of memory
  const Buffer<Member> taking_part = members(in);
  const std::size_t share = in.corpus.working_memory() / worker_count(in.threads, bands);
  const std::size_t fit = share / (sizeof(Entry) * std::max<std::size_t>(taking_part.size(), 1));
  const std::size_t at_once = share == 0 ? kMost : std::clamp<std::size_t>(fit, 2, kMost + 1) - 1;  // one more while it is sorted
  std::vector<Partition> partitions(bands);
  for_each_task((bands + at_once - 1) / at_once, in.threads, [&](std::size_t task, std::size_t) {
    const std::size_t first = task * at_once, count = std::min(at_once, bands - first);
    Buffer<Entry> entries[kMost];
    Breath breath(in.corpus);
    for (std::size_t k = 0; k < count; ++k) entries[k].resize(taking_part.size());
    for (std::size_t i = 0; i < taking_part.size(); ++i) {
      breath.take(1);
      const std::uint32_t* values = in.corpus.signature(taking_part[i].story).data() + first * rows;
      for (std::size_t k = 0; k < count; ++k, values += rows)
        entries[k][i] = {xxh3::hash(reinterpret_cast<const std::uint8_t*>(values), rows * sizeof *values), taking_part[i].rank};
    }
    for (std::size_t k = 0; k < count; ++k)
      bucket(entries[k], [limits](std::span<const std::uint32_t> ranks, Partition& p) { add_bucket(ranks, limits, p); },
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
  const std::size_t at_once = partitions_at_once(in, taking_part);
  for (std::size_t first = 0; first < kPartitions; first += at_once) {
    std::vector<Buffer<Entry>> entries = key_entries(in, taking_part, first, std::min(first + at_once, kPartitions));
    for_each_task(entries.size(), in.threads, [&](std::size_t part, std::size_t) {
      bucket(entries[part], rule, partitions[first + part]);
    });
  }
  return gather(in, partitions);
}

}  // namespace dedup
