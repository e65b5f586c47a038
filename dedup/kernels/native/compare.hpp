// A pair of stories, compared exactly: shared shingles, passages, figures and names in common.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "align.hpp"
#include "buffer.hpp"
#include "corpus.hpp"
#include "parallel.hpp"
#include "prepare.hpp"
#include "rewritten.hpp"
#include "sieve.hpp"

namespace dedup {

// One compared pair. Python reads it as a row of kOverlapColumns uint32, in this order (see dedup/kernels/__init__.py).
struct Overlap {
  std::uint32_t a, b;                                   // story numbers
  std::uint32_t identical;                              // 1: the same tokens in the same order
  std::uint32_t shared, shingles_a, shingles_b;         // distinct shingles
  std::uint32_t tokens_a, tokens_b;
  std::uint32_t words_a, words_b;                       // tokens covered by passages
  std::uint32_t longest, prose;                         // words of the longest passage, of the longest but quotations
  std::uint32_t run;                                    // words of the longest verbatim run
  std::uint32_t figures_a, figures_b, figures_shared;   // distinct
  std::uint32_t names_a, names_b;                       // distinct
  std::uint32_t names_shared_a, names_shared_b;         // a's that b has, in capitals or not, and the other way round
  std::uint32_t opening_a, opening_b;                   // of the first kOpening tokens, those in passages
};
inline constexpr std::size_t kOverlapColumns = sizeof(Overlap) / sizeof(std::uint32_t);
static_assert(sizeof(Overlap) == kOverlapColumns * sizeof(std::uint32_t) && kOverlapColumns == 22);

inline constexpr std::uint32_t kOpening = 30;  // tokens: the lead of a wire story is a sentence of 20 to 40 words

// A passage as reported: code points of the two texts, ends excluded, and the words equal on both sides.
struct Quote {
  std::uint32_t a_begin, a_end, b_begin, b_end, words;
};
inline constexpr std::size_t kQuoteColumns = sizeof(Quote) / sizeof(std::uint32_t);

class Comparer {
 public:
  explicit Comparer(AlignSettings settings) : settings_(settings) {}

  // Compares and, if the pair reaches the floor, appends its passages to `quotes` and returns true.
  bool compare(Prepared& a, Prepared& b, const Floor& floor, Overlap& out, Buffer<Quote>& quotes) {
    const bool swapped = before(b, a);
    Prepared& x = swapped ? b : a;
    Prepared& y = swapped ? a : b;
    const auto [shared, places] = find_shared(x, y);
    out.shared = static_cast<std::uint32_t>(shared);
    out.identical = a.tokens.size() > 0 && a.tokens.all() == b.tokens.all();
    out.shingles_a = static_cast<std::uint32_t>(a.distinct());
    out.shingles_b = static_cast<std::uint32_t>(b.distinct());
    out.tokens_a = static_cast<std::uint32_t>(a.tokens.size());
    out.tokens_b = static_cast<std::uint32_t>(b.tokens.size());
    const bool alike = out.identical || reaches(shared, a.distinct() + b.distinct() - shared, floor.jaccard) ||
                       reaches(shared, std::min(a.distinct(), b.distinct()), floor.containment);
    if (!alike && places < floor.places) return false;
    const Buffer<Passage>& passages = aligner_.passages(x, y, in_y_, settings_);
    out.longest = out.run = 0;
    for (const Passage& p : passages) {
      out.longest = std::max(out.longest, p.words);
      out.run = std::max(out.run, p.core);
    }
    if (!alike && out.longest < floor.words && shared < floor.shingles) return false;
    out.prose = longest_prose(x, y, passages, out);
    cover(passages, swapped, out);
    quote(a, b, settings_.rewritten ? rewriter_.passages(x, y, passages) : passages, swapped, quotes);
    count_facts(a, b, out);
    return true;
  }

 private:
  static bool reaches(std::size_t part, std::size_t whole, double share) {
    return part > 0 && static_cast<double>(part) >= share * static_cast<double>(whole);
  }

  // Finds the shingles of x in y. Gives the distinct ones in common, and the places in x where one stands: no fewer than the
  // shingles of any passage.
  std::pair<std::size_t, std::size_t> find_shared(const Prepared& x, const Prepared& y) {
    std::size_t shared = 0, places = 0;
    in_y_.resize(x.shingles.size());
    for (std::uint32_t i = 0; i < x.shingles.size(); ++i) {
      in_y_[i] = y.places.first(x.shingles[i]);
      if (in_y_[i] == kNowhere) continue;
      ++places;
      shared += x.places.is_first(i);
    }
    return {shared, places};
  }

  // Alignment always runs from the shorter story, so that (a, b) and (b, a) mirror each other.
  static bool before(const Prepared& p, const Prepared& q) {
    if (p.tokens.size() != q.tokens.size()) return p.tokens.size() < q.tokens.size();
    return p.tokens.all() < q.tokens.all();
  }

  static Span in_a(const Passage& p, bool swapped) { return swapped ? Span{p.y_begin, p.y_end} : Span{p.x_begin, p.x_end}; }
  static Span in_b(const Passage& p, bool swapped) { return in_a(p, !swapped); }

  static void quote(const Prepared& a, const Prepared& b, const Buffer<Passage>& passages, bool swapped,
                    Buffer<Quote>& quotes) {
    const std::size_t first = quotes.size();
    for (const Passage& p : passages) {
      const Span of_a = in_a(p, swapped), of_b = in_b(p, swapped);
      quotes.push_back({a.tokens.spans[of_a.begin].begin, a.tokens.spans[of_a.end - 1].end,
                        b.tokens.spans[of_b.begin].begin, b.tokens.spans[of_b.end - 1].end, p.words});
    }
    std::sort(quotes.begin() + first, quotes.end(), [](const Quote& p, const Quote& q) {
      return p.a_begin != q.a_begin ? p.a_begin < q.a_begin : p.b_begin < q.b_begin;
    });
  }

  void cover(const Buffer<Passage>& passages, bool swapped, Overlap& out) {
    covered_a_.clear();
    covered_b_.clear();
    for (const Passage& p : passages) {
      covered_a_.push_back(in_a(p, swapped));
      covered_b_.push_back(in_b(p, swapped));
    }
    for (Buffer<Span>* ranges : {&covered_a_, &covered_b_})
      std::sort(ranges->begin(), ranges->end(), [](const Span& p, const Span& q) { return p.begin < q.begin; });
    out.words_a = covered(covered_a_, out.tokens_a);
    out.words_b = covered(covered_b_, out.tokens_b);
    out.opening_a = covered(covered_a_, kOpening);
    out.opening_b = covered(covered_b_, kOpening);
  }

  // How many of the first `limit` tokens the ranges, ascending, cover.
  static std::uint32_t covered(const Buffer<Span>& ranges, std::uint32_t limit) {
    std::uint32_t words = 0, reached = 0;
    for (const Span& r : ranges) {
      const std::uint32_t begin = std::max(r.begin, reached), end = std::min(r.end, limit);
      if (end > begin) words += end - begin;
      reached = std::max(reached, r.end);
    }
    return words;
  }

  // Whether a passage is a quotation is asked only where its verbatim runs are shorter than the passage.
  static std::uint32_t longest_prose(Prepared& x, Prepared& y, const Buffer<Passage>& passages, const Overlap& out) {
    if (out.run == out.longest) return out.longest;
    const Buffer<Span>&quoted_x = quotations_of(x), &quoted_y = quotations_of(y);
    std::uint32_t longest = 0;
    for (const Passage& p : passages) {
      const bool quoted = lies_in(quoted_x, x.tokens.spans[p.x_begin].begin, x.tokens.spans[p.x_end - 1].end) ||
                          lies_in(quoted_y, y.tokens.spans[p.y_begin].begin, y.tokens.spans[p.y_end - 1].end);
      if (!quoted) longest = std::max(longest, p.words);
    }
    return longest;
  }

  static void count_facts(Prepared& a, Prepared& b, Overlap& out) {
    collect_facts(a);
    collect_facts(b);
    out.figures_a = a.facts.figures;
    out.figures_b = b.facts.figures;
    out.names_a = a.facts.names;
    out.names_b = b.facts.names;
    for (std::uint32_t i = 0; i < a.words.size(); ++i)
      if (a.facts.roles[i] != Facts::none && b.facts.places.first(a.facts.values[i]) != kNowhere)
        ++(a.facts.roles[i] == Facts::figure ? out.figures_shared : out.names_shared_a);
    for (std::uint32_t i = 0; i < b.words.size(); ++i)
      out.names_shared_b += b.facts.roles[i] == Facts::name && a.facts.places.first(b.facts.values[i]) != kNowhere;
  }

  AlignSettings settings_;
  Aligner aligner_;
  Rewriter rewriter_;
  Buffer<Span> covered_a_, covered_b_;
  Buffer<std::uint32_t> in_y_;  // for each shingle of x its first place in y, or kNowhere
};

// Compared pairs, laid flat: quotes of overlaps[i] are [quote_end[i-1], quote_end[i]).
struct Overlaps {
  Buffer<Overlap> rows;
  Buffer<Quote> quotes;
  Buffer<std::uint64_t> quote_end;

  // Appends one row of another.
  void take(const Overlaps& other, std::size_t row) {
    const std::uint64_t first = row == 0 ? 0 : other.quote_end[row - 1];
    rows.push_back(other.rows[row]);
    quotes.append(other.quotes.data() + first, other.quote_end[row] - first);
    quote_end.push_back(quotes.size());
  }
};

// Stories made ready: the last second one of each slot, and apart from them the first story of the current pair, which many
// pairs in a row share: its memory stays warm.
class PreparedCache {
 public:
  explicit PreparedCache(const Corpus& corpus) : corpus_(corpus), slots_(kSlots) {}

  // Both stories of a pair, which stay ready until the next call. If their texts are the same, one stands for both.
  std::pair<Prepared&, Prepared&> both(const StoryPair& pair) {
    Slot& second = slot(pair.b);
    if (second.story != pair.b && first_.story == pair.b) std::swap(first_, second);
    Prepared& b = ready(second, pair.b);
    if (same_text(pair.a, pair.b, b)) return {b, b};
    Slot& other = slot(pair.a);
    return {ready(other.story == pair.a ? other : first_, pair.a), b};
  }

 private:
  static constexpr std::size_t kSlots = 509;  // prime, since the story numbers of one outlet may step evenly
  static constexpr std::size_t kLargeBytes = 1 << 14;  // a prepared story takes some ten times its text
  static constexpr std::uint32_t kNoStory = 0xFFFFFFFFu;
  struct Slot {
    std::uint32_t story = kNoStory;
    Buffer<char> text;
    Prepared prepared;
  };

  Slot& slot(std::uint32_t story) { return corpus_.text_bytes(story) > kLargeBytes ? large_ : slots_[story % kSlots]; }

  bool same_text(std::uint32_t a, std::uint32_t b, const Prepared& ready) {
    return corpus_.digest(a) == corpus_.digest(b) && corpus_.text_bytes(a) == corpus_.text_bytes(b) &&
           corpus_.text(a, room_) == ready.text;
  }

  Prepared& ready(Slot& slot, std::uint32_t story) const {
    if (slot.story != story) {
      slot.story = kNoStory;  // stays so if preparing throws
      prepare(corpus_.text(story, slot.text), corpus_.settings().shingle, slot.prepared);
      slot.story = story;
    }
    return slot.prepared;
  }

  const Corpus& corpus_;
  Slot first_, large_;
  std::vector<Slot> slots_;
  Buffer<char> room_;
};

// One thread's working memory for compare_pairs().
class PairWorker {
 public:
  PairWorker(const Corpus& corpus, const AlignSettings& settings) : cache_(corpus), comparer_(settings) {}

  // Appends the pair to `out` if it reaches the floor, and says whether it does.
  bool compare(const StoryPair& pair, const Floor& floor, Overlaps& out) {
    Overlap row{};
    row.a = pair.a;
    row.b = pair.b;
    const auto [a, b] = cache_.both(pair);
    if (!comparer_.compare(a, b, floor, row, out.quotes)) return false;
    out.rows.push_back(row);
    out.quote_end.push_back(out.quotes.size());
    return true;
  }

 private:
  PreparedCache cache_;
  Comparer comparer_;
};

// Orders pairs, given by place, so that those of one group of stories follow each other: each story is then made ready once.
inline void by_group(std::span<const StoryPair> pairs, std::size_t stories, std::vector<std::uint32_t>& places) {
  std::vector<std::uint32_t> parent(stories);
  std::iota(parent.begin(), parent.end(), 0u);
  const auto root = [&parent](std::uint32_t story) {
    while (parent[story] != story) story = parent[story] = parent[parent[story]];
    return story;
  };
  for (const std::uint32_t p : places) {
    const std::uint32_t x = root(pairs[p].a), y = root(pairs[p].b);
    parent[std::max(x, y)] = std::min(x, y);
  }
  std::vector<std::uint64_t> keyed;
  keyed.reserve(places.size());
  for (const std::uint32_t p : places) keyed.push_back(std::uint64_t{root(pairs[p].a)} << 32 | p);
  std::sort(keyed.begin(), keyed.end());
  for (std::size_t i = 0; i < keyed.size(); ++i) places[i] = static_cast<std::uint32_t>(keyed[i]);
}

// All rows of all parts, by their places.
inline Overlaps in_order(std::span<const Overlaps> parts, std::span<const std::vector<std::uint32_t>> places) {
  struct Row {
    std::uint32_t place, part, row;
  };
  std::vector<Row> rows;
  for (std::uint32_t part = 0; part < parts.size(); ++part)
    for (std::uint32_t row = 0; row < places[part].size(); ++row) rows.push_back({places[part][row], part, row});
  std::sort(rows.begin(), rows.end(), [](const Row& x, const Row& y) { return x.place < y.place; });
  Overlaps all;
  for (const Row& row : rows) all.take(parts[row.part], row.row);
  return all;
}

// Compares `pairs` (story numbers, a != b in each) and keeps those that reach the floor, in the order given.
inline Overlaps compare_pairs(const Corpus& corpus, std::span<const StoryPair> pairs, const AlignSettings& settings,
                              Floor floor, std::size_t threads) {
  const auto lock = corpus.reading();
  check_stories(corpus, pairs);
  if (pairs.size() > std::numeric_limits<std::uint32_t>::max()) throw std::length_error("pairs: too many for one call");
  if (floor.words > 0) {
    floor.passage_places = static_cast<std::uint32_t>(settings.min_shingles(floor.words));
    floor.places = std::min(floor.passage_places, floor.shingles);
    floor.step = static_cast<std::uint32_t>(settings.shingle + settings.reach());
    floor.run = static_cast<std::uint32_t>(settings.min_shingles());
  }
  std::vector<std::uint32_t> places = sieve(corpus, pairs, floor, threads);
  by_group(pairs, corpus.size(), places);
  constexpr std::size_t kPiece = 512;
  const std::size_t tasks = (places.size() + kPiece - 1) / kPiece, workers = worker_count(threads, tasks);
  std::vector<Overlaps> found(tasks);
  std::vector<std::vector<std::uint32_t>> found_places(tasks);  // in the pairs, of each row
  std::vector<PairWorker> team;
  team.reserve(workers);
  for (std::size_t w = 0; w < workers; ++w) team.emplace_back(corpus, settings);
  for_each_task(tasks, threads, [&](std::size_t task, std::size_t worker) {
    for (std::size_t i = task * kPiece; i < std::min(places.size(), (task + 1) * kPiece); ++i)
      if (team[worker].compare(pairs[places[i]], floor, found[task])) found_places[task].push_back(places[i]);
  });
  return in_order(found, found_places);
}

}  // namespace dedup
