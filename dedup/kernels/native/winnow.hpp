// Passage keys: the minimum of every window of shingle hashes (winnowing: Schleimer, Wilkerson, Aiken, SIGMOD 2003).
// Two stories that share a run of window + k - 1 tokens share a whole window, hence its minimum.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "buffer.hpp"
#include "platform.hpp"

namespace dedup {

// The keys of `count` hashes in text order into `keys`: the minima of all windows, one for each run of equal ones, so a passage
// that comes again gives its keys again. Fewer hashes than a window: one window of all. `minima` is working memory.
//
// Minima of spans of 2, 4, 8 … hashes, each from two of half the length, and of a window from the two longest that cover
// it: some passes without a branch, where following the minimum from window to window mispredicts at every new one.
DEDUP_INLINE void winnow(const std::uint64_t* hashes, std::size_t count, std::size_t window, Buffer<std::uint64_t>& minima,
                         Buffer<std::uint64_t>& keys) {
  keys.clear();
  if (count == 0) return;
  const std::size_t width = std::min(window, count);
  minima.resize(count);
  std::uint64_t* const m = minima.data();
  std::copy_n(hashes, count, m);
  const auto halve = [m, count](std::size_t step) __attribute__((always_inline)) {
    for (std::size_t i = 0; i + step < count; ++i) m[i] = m[i] < m[i + step] ? m[i] : m[i + step];
  };
  std::size_t span = 1;
  for (; span * 2 <= width; span *= 2) halve(span);
  if (span < width) halve(width - span);
  const std::size_t windows = count - width + 1;
  keys.resize(windows);
  std::uint64_t* out = keys.data();
  *out = m[0];
  for (std::size_t i = 1; i < windows; ++i) {
    out += m[i] != *out;
    *out = m[i];
  }
  keys.resize(static_cast<std::size_t>(out - keys.data()) + 1);
}

}  // namespace dedup
