// Where each hash stands in a sequence: an open-addressing table of first places, and chains to the further ones.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <random>

#include "buffer.hpp"

namespace dedup {

inline constexpr std::uint32_t kNowhere = 0xFFFFFFFFu;

// Unknown to whoever writes the texts, so that no text can be made whose hashes crowd one corner of the table. Results do
// not depend on it.
inline std::uint64_t place_seed() {
  static const std::uint64_t seed = [] {
    std::random_device random;
    return (static_cast<std::uint64_t>(random()) << 32 | random()) | 1;
  }();
  return seed;
}

class Places {
 public:
  // `hashes` must stay where it is while the table is used.
  void build(const Buffer<std::uint64_t>& hashes) {
    hashes_ = hashes.data();
    const std::size_t slots = std::bit_ceil(std::max<std::size_t>(hashes.size() * 2, 16));
    shift_ = 64 - std::countr_zero(slots);
    mask_ = slots - 1;
    slots_.resize(slots);
    std::fill(slots_.begin(), slots_.end(), kNowhere);
    next_.resize(hashes.size());
    is_first_.resize(hashes.size());
    distinct_ = 0;
    for (std::size_t i = hashes.size(); i-- > 0;) {  // backwards, so that chains ascend
      std::uint32_t& slot = find(hashes_[i]);
      if (slot == kNowhere)
        ++distinct_;
      else
        is_first_[slot] = 0;
      is_first_[i] = 1;
      next_[i] = slot;
      slot = static_cast<std::uint32_t>(i);
    }
  }

  std::size_t distinct() const { return distinct_; }
  // The first place of `hash`, or kNowhere.
  std::uint32_t first(std::uint64_t hash) const { return const_cast<Places*>(this)->find(hash); }
  // Whether the hash at `place` stands nowhere before it.
  bool is_first(std::uint32_t place) const { return is_first_[place] != 0; }
  // The next place of the same hash, or kNowhere.
  std::uint32_t next(std::uint32_t place) const { return next_[place]; }

 private:
  std::uint32_t& find(std::uint64_t hash) {
    for (std::size_t at = (hash ^ seed_) * seed_ >> shift_;; at = (at + 1) & mask_)
      if (slots_[at] == kNowhere || hashes_[slots_[at]] == hash) return slots_[at];
  }

  std::uint64_t seed_ = place_seed();
  const std::uint64_t* hashes_ = nullptr;
  int shift_ = 60;
  std::size_t mask_ = 0, distinct_ = 0;
  Buffer<std::uint32_t> slots_, next_;
  Buffer<std::uint8_t> is_first_;
};

}  // namespace dedup
