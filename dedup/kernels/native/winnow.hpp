// Passage keys: the minimum of every window of shingle hashes (winnowing: Schleimer, Wilkerson, Aiken, SIGMOD 2003).
// Two stories that share a run of window + k - 1 tokens share a whole window, hence its minimum.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "buffer.hpp"
#include "platform.hpp"

namespace dedup {

// The keys of `count` hashes in text order into `keys`, one for each new minimum, so a passage that comes again gives its
// keys again. Fewer hashes than a window: one window of all.
DEDUP_INLINE void winnow(const std::uint64_t* hashes, std::size_t count, std::size_t window, Buffer<std::uint64_t>& keys) {
  keys.clear();
  if (count == 0) return;
  const std::size_t span = std::min(window, count);
  std::size_t best = 0;
  for (std::size_t i = 1; i < span; ++i)
    if (hashes[i] < hashes[best]) best = i;
  keys.push_back(hashes[best]);
  for (std::size_t last = span; last < count; ++last) {
    const std::size_t first = last - span + 1;
    if (best < first) {
      best = first;
      for (std::size_t i = first + 1; i <= last; ++i)
        if (hashes[i] < hashes[best]) best = i;
    } else if (hashes[last] < hashes[best]) {
      best = last;
    } else {
      continue;
    }
    keys.push_back(hashes[best]);
  }
}

}  // namespace dedup
