// Which pairs of stories may be worth comparing: most of those that share one passage key have little else in common.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "buffer.hpp"
#include "corpus.hpp"
#include "parallel.hpp"
#include "sketch.hpp"

namespace dedup {

struct StoryPair {
  std::uint32_t a, b;
};

// A pair is worth keeping if it is identical or reaches any one of these.
struct Floor {
  double jaccard = 0.5;
  double containment = 0.5;
  std::uint32_t words = 16;     // of the longest passage
  std::uint32_t shingles = 25;  // distinct, in common
  std::uint32_t places = 0;     // of shingles in common, without which neither of those two is reached
  // What any passage of so many words has in either story: as many places, each no more than `step` behind the one before, of
  // which `run` follow each other.
  std::uint32_t passage_places = 0, step = 0, run = 0;
};

// Throws unless the pairs name stories of the corpus, which must be held.
inline void check_stories(const Corpus& corpus, std::span<const StoryPair> pairs) {
  for (const StoryPair& pair : pairs)
    if (pair.a >= corpus.size() || pair.b >= corpus.size())
      throw std::invalid_argument("pairs: names a story that is not in the corpus");
}

// How many values the signatures of two stories have in common.
class Agreement {
 public:
  explicit Agreement(const Corpus& corpus) : corpus_(corpus) {}
  std::uint32_t of(const StoryPair& pair) {
    if (!known_ || first_ != pair.a) x_ = corpus_.signature(pair.a, room_x_);
    known_ = true;
    first_ = pair.a;
    const auto y = corpus_.signature(pair.b, room_y_);
    std::uint32_t equal = 0;
    for (std::size_t k = 0; k < y.size(); ++k) equal += x_[k] == y[k];
    return equal;
  }

 private:
  const Corpus& corpus_;
  bool known_ = false;
  std::uint32_t first_ = 0;
  std::span<const std::uint32_t> x_;  // of the first story, which many pairs in a row share
  Buffer<std::uint32_t> room_x_, room_y_;
};

// Calls use(p, agreement of pair(p)) for each p below `count`, on several threads.
template <class Pair, class Use>
void for_each_agreement(const Corpus& corpus, std::size_t count, std::size_t threads, const Pair& pair, const Use& use) {
  constexpr std::size_t kPiece = 4096;
  for_each_task((count + kPiece - 1) / kPiece, threads, [&](std::size_t task, std::size_t) {
    Agreement agreement(corpus);
    for (std::size_t p = task * kPiece; p < std::min(count, (task + 1) * kPiece); ++p) use(p, agreement.of(pair(p)));
  });
}

// The agreement of each pair.
inline Buffer<std::uint32_t> agreements(const Corpus& corpus, std::span<const StoryPair> pairs, std::size_t threads) {
  const auto lock = corpus.reading();
  check_stories(corpus, pairs);
  Buffer<std::uint32_t> equal;
  equal.resize(pairs.size());
  for_each_agreement(corpus, pairs.size(), threads, [&](std::size_t p) { return pairs[p]; },
                     [&](std::size_t p, std::uint32_t values) { equal[p] = values; });
  return equal;
}

namespace sieve_detail {

// 16 bits of the hash of every shingle of some stories, in text order: what two stories share, and now and then more.
class Fingerprints {
 public:
  struct Story {
    const std::uint16_t* values = nullptr;
    std::uint32_t count = 0;
    std::uint32_t distinct = 0;  // no more than the story's distinct shingles
  };

  // Places of a story whose shingles another has, and whether a passage may be among them.
  struct Shared {
    std::uint32_t places = 0;
    bool passage = false;
  };

  // A set of fingerprints, which fits the first cache.
  class Set {
   public:
    Set() : bits_(std::size_t{1} << 10) {}
    // How many were not in it.
    std::uint32_t add(const Story& story) {
      std::uint32_t fresh = 0;
      for (std::uint32_t i = 0; i < story.count; ++i) {
        std::uint64_t& word = bits_[story.values[i] >> 6];
        const std::uint64_t bit = std::uint64_t{1} << (story.values[i] & 63);
        fresh += (word & bit) == 0;
        word |= bit;
      }
      return fresh;
    }
    void remove(const Story& story) {
      for (std::uint32_t i = 0; i < story.count; ++i) bits_[story.values[i] >> 6] = 0;
    }
    Shared shared(const Story& story, const Floor& floor) const {
      Shared found;
      std::uint32_t chain = 0, run = 0, behind = 0;  // behind the last place found
      bool has_run = false;
      for (std::uint32_t i = 0; i < story.count; ++i) {
        if ((bits_[story.values[i] >> 6] >> (story.values[i] & 63) & 1) == 0) continue;
        if (found.places == 0 || i + 1 - behind > floor.step) {
          chain = run = 0;
          has_run = false;
        }
        run = i == behind ? run + 1 : 1;
        behind = i + 1;
        has_run |= run >= floor.run;
        found.passage |= ++chain >= floor.passage_places && has_run;
        ++found.places;
      }
      return found;
    }

   private:
    std::vector<std::uint64_t> bits_;
  };

  // `wanted` holds story numbers, ascending.
  Fingerprints(const Corpus& corpus, std::span<const std::uint32_t> wanted, std::size_t threads)
      : wanted_(wanted), stories_(wanted.size()), values_((wanted.size() + kPiece - 1) / kPiece) {
    std::vector<Worker> team(worker_count(threads, values_.size()));
    for_each_task(values_.size(), threads, [&](std::size_t task, std::size_t worker) {
      Buffer<std::uint16_t>& values = values_[task];
      Sketcher& sketcher = team[worker].sketcher;
      const std::size_t first = task * kPiece, last = std::min(wanted.size(), first + kPiece);
      for (std::size_t i = first; i < last; ++i) {
        shingle_text(corpus.text(wanted[i], team[worker].text), corpus.settings().shingle, sketcher);
        const std::size_t begin = values.size(), count = sketcher.hashes.size();
        values.resize(begin + count);
        for (std::size_t k = 0; k < count; ++k) values[begin + k] = static_cast<std::uint16_t>(sketcher.hashes[k] >> 32);
        stories_[i].count = static_cast<std::uint32_t>(count);
      }
      const std::uint16_t* at = values.data();  // which does not move any more
      for (std::size_t i = first; i < last; ++i) {
        stories_[i].values = at;
        at += stories_[i].count;
        stories_[i].distinct = team[worker].set.add(stories_[i]);
        team[worker].set.remove(stories_[i]);
      }
    });
  }

  // Of a story that was wanted.
  const Story& of(std::uint32_t story) const {
    return stories_[static_cast<std::size_t>(std::lower_bound(wanted_.begin(), wanted_.end(), story) - wanted_.begin())];
  }

 private:
  static constexpr std::size_t kPiece = 256;
  struct Worker {
    Sketcher sketcher;
    Set set;
    Buffer<char> text;
  };

  std::span<const std::uint32_t> wanted_;
  std::vector<Story> stories_;
  std::vector<Buffer<std::uint16_t>> values_;
};

// Whether the signatures promise a pair that no sieve would hold back, so that asking is work for nothing. Stories without
// shingles have equal signatures, too.
inline bool look_alike(std::size_t agreement, std::size_t num_perm) { return agreement * 4 >= num_perm; }

// False only if the stories cannot reach the floor together; `shared` are no fewer than the places of b where a shingle of a
// stands.
inline bool may_reach(const Fingerprints::Shared& shared, const Fingerprints::Story& a, const Fingerprints::Story& b,
                      const Floor& floor) {
  const double most = shared.places, share = std::min(floor.jaccard, floor.containment);
  return shared.passage || shared.places >= floor.shingles ||
         (shared.places > 0 && (most >= share * a.distinct || most >= floor.containment * b.distinct));
}

}  // namespace sieve_detail

namespace sieve_detail {

// Sets `stays`, zero before, for the pairs that may reach the floor.
inline void hold_back(const Corpus& corpus, std::span<const StoryPair> pairs, const Floor& floor, std::size_t threads,
                      std::span<std::uint8_t> stays) {
  constexpr std::size_t kPiece = 4096;
  const std::size_t tasks = (pairs.size() + kPiece - 1) / kPiece;
  // Signatures in a file cost more to ask than they save.
  if (!corpus.spill())
    for_each_agreement(corpus, pairs.size(), threads, [&](std::size_t p) { return pairs[p]; },
                       [&](std::size_t p, std::uint32_t values) { stays[p] = look_alike(values, corpus.num_perm()); });
  std::vector<std::uint32_t> wanted;
  for (std::size_t p = 0; p < pairs.size(); ++p)
    if (!stays[p]) wanted.insert(wanted.end(), {pairs[p].a, pairs[p].b});
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  const Fingerprints prints(corpus, wanted, threads);
  std::vector<Fingerprints::Set> sets(worker_count(threads, tasks));
  for_each_task(tasks, threads, [&](std::size_t task, std::size_t worker) {
    Fingerprints::Set& set = sets[worker];
    Fingerprints::Story a;
    const StoryPair* in_set = nullptr;  // by whose first story the set is
    for (std::size_t p = task * kPiece; p < std::min(pairs.size(), (task + 1) * kPiece); ++p) {
      if (stays[p]) continue;
      if (!in_set || in_set->a != pairs[p].a) {
        set.remove(a);
        a = prints.of(pairs[p].a);
        set.add(a);
        in_set = &pairs[p];
      }
      const Fingerprints::Story& b = prints.of(pairs[p].b);
      stays[p] = may_reach(set.shared(b, floor), a, b, floor);
    }
    set.remove(a);
  });
}

// Pairs in sections that can be judged one after the other: of stories whose fingerprints fit into `room` bytes, which may be
// all of them. Else stories are taken in two ranges at a time, as they lie in the file, so that a story is read again for
// each range that it has partners in, and not for each section.
class Sections {
 public:
  Sections(const Corpus& corpus, std::span<const StoryPair> pairs, std::size_t room) : pairs_(pairs) {
    const std::size_t most = std::max<std::size_t>(room / kBytesPerPair, 1);
    const std::vector<std::uint32_t> range = ranges(corpus, room / 2);
    const std::size_t count = range.empty() ? 0 : range.back() + std::size_t{1};
    if (count <= 1 && pairs.size() <= most) return;
    const auto tile = [&](const StoryPair& pair) {
      return std::min(range[pair.a], range[pair.b]) * count + std::max(range[pair.a], range[pair.b]);
    };
    std::vector<std::size_t> at(count * count);
    for (const StoryPair& pair : pairs) ++at[tile(pair)];
    std::size_t total = 0;
    for (std::size_t& place : at) {
      for (std::size_t left = place; left > 0;) {
        const std::size_t taken = std::min(left, most);
        ends_.push_back((ends_.empty() ? 0 : ends_.back()) + taken);
        left -= taken;
      }
      place = std::exchange(total, total + place);
    }
    order_.resize(pairs.size());
    for (std::uint32_t p = 0; p < pairs.size(); ++p) order_[at[tile(pairs[p])]++] = p;
  }

  // Calls judge(pairs, stays) for each section, which sets `stays`, zero before, where a pair stays; gives that of all pairs.
  template <class Judge>
  std::vector<std::uint8_t> judged(const Judge& judge) const {
    std::vector<std::uint8_t> all(pairs_.size());
    if (order_.empty()) {
      judge(pairs_, std::span(all));
      return all;
    }
    std::vector<StoryPair> section;
    std::vector<std::uint8_t> stays;
    std::size_t begin = 0;
    for (const std::size_t end : ends_) {
      section.clear();
      for (std::size_t i = begin; i < end; ++i) section.push_back(pairs_[order_[i]]);
      stays.assign(section.size(), 0);
      judge(std::span<const StoryPair>(section), std::span(stays));
      for (std::size_t i = begin; i < end; ++i) all[order_[i]] = stays[i - begin];
      begin = end;
    }
    return all;
  }

 private:
  static constexpr std::size_t kBytesPerPair = 64;  // while a section is judged, beside the fingerprints

  // Of each story the range that it is in, counted from 0.
  static std::vector<std::uint32_t> ranges(const Corpus& corpus, std::size_t room) {
    std::vector<std::uint32_t> range(corpus.size());
    std::size_t taken = 0;
    std::uint32_t last = 0;
    for (std::uint32_t story = 0; story < range.size(); ++story) {
      const std::size_t bytes = corpus.token_count(story) * sizeof(std::uint16_t) + sizeof(Fingerprints::Story);
      if (taken > 0 && taken + bytes > room) {
        ++last;
        taken = 0;
      }
      taken += bytes;
      range[story] = last;
    }
    return range;
  }

  std::span<const StoryPair> pairs_;
  std::vector<std::uint32_t> order_;  // places in the pairs, section after section; empty: one section, as they are
  std::vector<std::size_t> ends_;
};

}  // namespace sieve_detail

// The places in `pairs` of those that may reach the floor, ascending. The corpus must be held.
inline std::vector<std::uint32_t> sieve(const Corpus& corpus, std::span<const StoryPair> pairs, const Floor& floor,
                                        std::size_t threads) {
  constexpr std::size_t kRoom = std::size_t{128} << 20;  // little beside the texts of stories that need as much
  std::vector<std::uint8_t> stays(pairs.size(), 1);
  if (floor.words > 0)
    stays = sieve_detail::Sections(corpus, pairs, corpus.spill() ? corpus.working_memory() / 2 : kRoom)
                .judged([&](std::span<const StoryPair> section, std::span<std::uint8_t> out) {
                  sieve_detail::hold_back(corpus, section, floor, threads, out);
                });
  std::vector<std::uint32_t> places;
  for (std::size_t p = 0; p < pairs.size(); ++p)
    if (stays[p]) places.push_back(static_cast<std::uint32_t>(p));
  return places;
}

}  // namespace dedup
