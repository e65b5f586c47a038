// The passages two stories have in common: maximal runs of equal shingles, joined across small edits.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "buffer.hpp"
#include "prepare.hpp"

namespace dedup {

// Token ranges in either story, ends excluded; both ends stand on shared words. `words`: tokens equal on both sides.
// `core`: words of its longest run.
struct Passage {
  std::uint32_t x_begin, x_end, y_begin, y_end, words, core;
};

inline constexpr std::size_t kMaxShingle = 64, kMaxGap = 32;

struct AlignSettings {
  std::size_t shingle = 5;
  std::uint32_t gap = 10;       // tokens that may stand between two runs of a passage, on either side
  std::uint32_t min_words = 8;  // of a passage's longest run; what has none of them is scattered phrases
  bool rewritten = false;       // quote rewritten passages, too (rewritten.hpp); what is counted stays the verbatim ones

  // The gap that is bridged.
  std::size_t reach() const { return std::min<std::size_t>(gap, kMaxGap); }

  // Shingles that any passage has, at the least.
  std::size_t min_shingles() const { return min_words >= shingle ? min_words - shingle + 1 : 1; }

  // Shingles that a passage of `words` has, at the least: all words beyond those of its runs stand in the gaps between them.
  std::size_t min_shingles(std::size_t words) const {
    std::size_t fewest = words;
    for (std::size_t runs = 1; runs < fewest; ++runs) {
      const std::size_t others = runs * (shingle - 1) + (runs - 1) * gap;
      fewest = std::min(fewest, std::max(min_shingles() + runs - 1, words > others ? words - others : 0));
    }
    return std::max(fewest, min_shingles());
  }
};

class Aligner {
 public:
  // The passages of two stories, by place in x. No token of x is in two of them. `first` holds for each shingle of x its
  // first place in y, or kNowhere.
  const Buffer<Passage>& passages(const Prepared& x, const Prepared& y, const Buffer<std::uint32_t>& first,
                                  const AlignSettings& settings) {
    passages_.clear();
    used_.resize(y.shingles.size());
    std::fill(used_.begin(), used_.end(), std::uint8_t{0});
    Run run{0, 0, 0};
    for (std::uint32_t i = 0; i < x.shingles.size(); ++i) {
      const std::uint32_t next = run.y + run.shingles;
      const bool goes_on = run.shingles > 0 && i == run.x + run.shingles && next < y.shingles.size() && !used_[next] &&
                           y.shingles[next] == x.shingles[i];
      if (goes_on) {
        used_[next] = 1;
        ++run.shingles;
        continue;
      }
      if (first[i] == kNowhere) continue;
      const std::uint32_t place = choose(y, first[i], next);
      if (place == kNowhere) continue;
      end_run(x, y, run, settings);
      used_[place] = 1;
      run = {i, place, 1};
    }
    end_run(x, y, run, settings);
    drop_short(settings.min_words);
    return passages_;
  }

 private:
  static constexpr std::size_t kOpen = 8;         // passages that a run may continue, most recent first
  static constexpr std::uint32_t kRepeats = 64;   // places of one shingle that are looked at

  struct Run {
    std::uint32_t x, y, shingles;
  };

  // Of the places of a shingle in y, from its first one on, the first unused one at or behind `expected`, else the first
  // unused one.
  std::uint32_t choose(const Prepared& y, std::uint32_t place, std::uint32_t expected) const {
    std::uint32_t best = kNowhere, looked = 0;
    for (; place != kNowhere && looked < kRepeats; ++looked) {
      if (!used_[place]) {
        if (place >= expected) return place;
        if (best == kNowhere) best = place;
      }
      place = y.places.next(place);
    }
    return best;
  }

  // Adds a run to the passage it continues, or opens one.
  void end_run(const Prepared& x, const Prepared& y, const Run& run, const AlignSettings& settings) {
    if (run.shingles == 0) return;
    const auto length = static_cast<std::uint32_t>(run.shingles + settings.shingle - 1);
    const auto reach = static_cast<std::int64_t>(settings.reach());
    const auto overlap = -static_cast<std::int64_t>(settings.shingle);
    for (std::size_t back = 0; back < std::min(kOpen, passages_.size()); ++back) {
      Passage& p = passages_[passages_.size() - 1 - back];
      const std::int64_t gap_x = std::int64_t{run.x} - p.x_end, gap_y = std::int64_t{run.y} - p.y_end;
      if (gap_x > reach || gap_y > reach || gap_x <= overlap || gap_y <= overlap) continue;
      // Where an edit repeats a word, two runs can claim the same token: the earlier keeps it.
      const auto trim = static_cast<std::uint32_t>(std::max<std::int64_t>({0, -gap_x, -gap_y}));
      if (trim >= length || starts_inside(run.x + trim, back)) continue;
      p.words += length - trim + common(x, y, p, run.x + trim, run.y + trim);
      p.core = std::max(p.core, length - trim);
      p.x_end = run.x + length;
      p.y_end = run.y + length;
      passages_.resize(passages_.size() - back);  // stray matches in the gap, which the passage now goes across
      return;
    }
    const std::uint32_t trim = passages_.empty() ? 0 : trimmed(run.x);
    if (trim < length)
      passages_.push_back({run.x + trim, run.x + length, run.y + trim, run.y + length, length - trim, length - trim});
  }

  std::uint32_t trimmed(std::uint32_t begin) const {
    std::uint32_t end = 0;
    for (std::size_t back = 0; back < std::min(kOpen, passages_.size()); ++back)
      end = std::max(end, passages_[passages_.size() - 1 - back].x_end);
    return end > begin ? end - begin : 0;
  }

  // Whether a passage opened later than the one `back` places behind reaches past `begin`.
  bool starts_inside(std::uint32_t begin, std::size_t back) const {
    for (std::size_t later = 0; later < back; ++later)
      if (passages_[passages_.size() - 1 - later].x_end > begin) return true;
    return false;
  }

  // Longest common subsequence of the words between a passage's end and a run that continues it.
  std::uint32_t common(const Prepared& x, const Prepared& y, const Passage& p, std::uint32_t x_end, std::uint32_t y_end) const {
    std::uint32_t row[kMaxGap + kMaxShingle + 1] = {};  // a gap, and the trimmed part of a run
    const std::uint32_t width = y_end - p.y_end;
    for (std::uint32_t i = p.x_end; i < x_end; ++i) {
      std::uint32_t diagonal = 0;
      for (std::uint32_t j = 0; j < width; ++j) {
        const std::uint32_t above = row[j + 1];
        row[j + 1] = x.words[i] == y.words[p.y_end + j] ? diagonal + 1 : std::max(above, row[j]);
        diagonal = above;
      }
    }
    return row[width];
  }

  void drop_short(std::uint32_t min_words) {
    std::size_t kept = 0;
    for (const Passage& p : passages_)
      if (p.core >= min_words) passages_[kept++] = p;
    passages_.resize(kept);
    std::sort(passages_.begin(), passages_.end(), [](const Passage& p, const Passage& q) { return p.x_begin < q.x_begin; });
  }

  Buffer<std::uint8_t> used_;  // per shingle of y: already in a run
  Buffer<Passage> passages_;
};

}  // namespace dedup
