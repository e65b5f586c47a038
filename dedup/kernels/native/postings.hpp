// Which stories hold a key, for an index that is added to and taken from: an open-addressing table of (key, story), in which
// the holders of one key stand in the same run of slots.
//
// A slot is a key and a story, 8 or 12 bytes, and a table at most seven tenths full: a story of 42 band keys and 20 passage
// keys takes some 0.8 KB. Of one key only the first `limit` holders are kept, so no crafted text can make a run long.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "buffer.hpp"
#include "places.hpp"

namespace dedup {

// Values of several rows, laid flat: those of row i end before ends[i].
template <class T>
struct Rows {
  std::span<const T> values;
  std::span<const std::uint64_t> ends;

  std::size_t size() const { return ends.size(); }
  std::span<const T> row(std::size_t i) const {
    const std::uint64_t begin = i == 0 ? 0 : ends[i - 1];
    return values.subspan(begin, ends[i] - begin);
  }
  void check() const {
    std::uint64_t before = 0;
    for (const std::uint64_t end : ends) {
      if (end < before || end > values.size()) throw std::invalid_argument("ends: must ascend, and stay within the values");
      before = end;
    }
  }
};

struct Holders {
  Buffer<std::uint32_t> stories;
  Buffer<std::uint64_t> ends;
};

template <class Key>
class Postings {
  static_assert(std::is_unsigned_v<Key>);

 public:
  // `limit`: holders of one key that are told of.
  explicit Postings(std::uint32_t limit) : limit_(limit) {
    if (limit < 1) throw std::invalid_argument("limit: at least 1");
    resize(kLeast);
  }

  std::size_t size() const {
    const std::shared_lock lock(mutex_);
    return used_;
  }
  std::size_t bytes() const {
    const std::shared_lock lock(mutex_);
    return (mask_ + 1) * (sizeof(Key) + sizeof(std::uint32_t)) + waiting_.size() * kNode;
  }

  // Adds stories, numbered from 1, with the keys of each.
  void add(std::span<const std::uint32_t> stories, const Rows<Key>& keys) {
    const std::lock_guard lock(mutex_);
    check(stories, keys);
    for (std::size_t i = 0; i < stories.size(); ++i) {
      if (i + 1 < stories.size()) fetch(keys.row(i + 1));
      for (const Key key : keys.row(i)) insert(key, stories[i]);
    }
  }

  // Takes stories away. What is not there is passed over.
  void remove(std::span<const std::uint32_t> stories, const Rows<Key>& keys) {
    const std::lock_guard lock(mutex_);
    check(stories, keys);
    for (std::size_t i = 0; i < stories.size(); ++i)
      for (const Key key : keys.row(i)) erase(key, stories[i]);
  }

  // For each row the stories that hold one of its keys, ascending; keys of more than `most` holders are passed over.
  Holders find(const Rows<Key>& keys, std::uint32_t most) const {
    const std::shared_lock lock(mutex_);
    keys.check();
    Holders out;
    Buffer<std::uint32_t> row;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (i + 1 < keys.size()) fetch(keys.row(i + 1));
      row.clear();
      for (const Key key : keys.row(i)) {
        const std::size_t before = row.size();
        for (std::size_t at = home(key); stories_[at] != 0; at = (at + 1) & mask_)
          if (keys_[at] == key) row.push_back(stories_[at]);
        if (row.size() - before > most) row.resize(before);
      }
      std::sort(row.begin(), row.end());
      out.stories.append(row.data(), static_cast<std::size_t>(std::unique(row.begin(), row.end()) - row.begin()));
      out.ends.push_back(out.stories.size());
    }
    return out;
  }

  // How many hold each key, up to the limit.
  Buffer<std::uint32_t> counts(std::span<const Key> keys) const {
    const std::shared_lock lock(mutex_);
    Buffer<std::uint32_t> out;
    for (const Key key : keys) {
      std::uint32_t count = 0;
      for (std::size_t at = home(key); stories_[at] != 0; at = (at + 1) & mask_) count += keys_[at] == key;
      out.push_back(count);
    }
    return out;
  }

 private:
  static constexpr std::size_t kLeast = 1024;
  static constexpr std::size_t kNode = 48;  // bytes of the tree, for one holder
  static constexpr std::size_t kAhead = 16;

  static void check(std::span<const std::uint32_t> stories, const Rows<Key>& keys) {
    keys.check();
    if (stories.size() != keys.size()) throw std::invalid_argument("ends: one value a story");
    if (std::find(stories.begin(), stories.end(), 0u) != stories.end()) throw std::invalid_argument("stories: numbered from 1");
  }

  // Seeded per process, so that no text can be made whose keys crowd one corner of the table.
  std::size_t home(Key key) const { return (key ^ static_cast<Key>(seed_)) * seed_ >> shift_; }

  // A large table lies outside every cache, and each key at a place of its own in it: what comes next is called for early.
  void fetch(std::span<const Key> keys) const {
    for (const Key key : keys) fetch(home(key));
  }
  void fetch(std::size_t at) const {
    __builtin_prefetch(&keys_[at]);
    __builtin_prefetch(&stories_[at]);
  }

  void insert(Key key, std::uint32_t story) {
    std::uint32_t holders = 0;
    std::size_t at = home(key);
    for (; stories_[at] != 0; at = (at + 1) & mask_) {
      if (keys_[at] != key) continue;
      if (stories_[at] == story) return;
      if (++holders >= limit_) {
        waiting_.emplace(key, story);
        return;
      }
    }
    keys_[at] = key;
    stories_[at] = story;
    if (++used_ * 10 > (mask_ + 1) * 7) resize((mask_ + 1) * 2);
  }

  void erase(Key key, std::uint32_t story) {
    std::size_t hole = home(key);
    while (stories_[hole] != 0 && (stories_[hole] != story || keys_[hole] != key)) hole = (hole + 1) & mask_;
    if (stories_[hole] == 0) {
      waiting_.erase({key, story});
      return;
    }
    --used_;
    // Whatever follows in the run moves up unless that would put it before its home.
    for (std::size_t at = (hole + 1) & mask_; stories_[at] != 0; at = (at + 1) & mask_) {
      if (((at - home(keys_[at])) & mask_) < ((at - hole) & mask_)) continue;
      keys_[hole] = keys_[at];
      stories_[hole] = stories_[at];
      hole = at;
    }
    stories_[hole] = 0;
    if (const auto next = waiting_.lower_bound({key, 0}); next != waiting_.end() && next->first == key) {
      const std::uint32_t heir = next->second;
      waiting_.erase(next);
      insert(key, heir);
    }
  }

  void resize(std::size_t slots) {
    Buffer<Key> keys;
    Buffer<std::uint32_t> stories;
    keys.resize(slots);
    stories.resize(slots);
    std::fill(stories.begin(), stories.end(), 0u);
    std::swap(keys, keys_);
    std::swap(stories, stories_);
    mask_ = slots - 1;
    shift_ = 64 - std::countr_zero(slots);
    // From behind an empty slot on, so that the holders of a key keep their order.
    std::size_t start = 0;
    while (start < stories.size() && stories[start] != 0) ++start;
    for (std::size_t i = 0; i < stories.size(); ++i) {
      const std::size_t from = (start + i) % stories.size(), ahead = (from + kAhead) % stories.size();
      if (stories[ahead] != 0) fetch(home(keys[ahead]));
      if (stories[from] == 0) continue;
      std::size_t at = home(keys[from]);
      while (stories_[at] != 0) at = (at + 1) & mask_;
      keys_[at] = keys[from];
      stories_[at] = stories[from];
    }
  }

  mutable std::shared_mutex mutex_;
  std::uint64_t seed_ = place_seed();
  std::uint32_t limit_;
  std::size_t used_ = 0, mask_ = 0;
  int shift_ = 0;
  Buffer<Key> keys_;
  Buffer<std::uint32_t> stories_;  // 0: empty
  std::set<std::pair<Key, std::uint32_t>> waiting_;
};

}  // namespace dedup
