// Columns of strings, laid flat: a run has millions of short ones, and an object each would weigh more than what it holds.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "buffer.hpp"
#include "places.hpp"
#include "spill.hpp"

namespace dedup {

// UTF-8 strings, numbered from 0 in the order they come.
class Flat {
 public:
  std::size_t size() const { return ends_.size(); }
  std::string_view operator[](std::size_t i) const {
    const std::uint64_t begin = i == 0 ? 0 : ends_[i - 1];
    return {bytes_.data() + begin, ends_[i] - begin};
  }
  void push_back(std::string_view value) {
    if (size() + 1 >= std::numeric_limits<std::uint32_t>::max())
      throw std::length_error("a run holds at most 4,294,967,294 stories");
    bytes_.append(value.data(), value.size());
    ends_.push_back(bytes_.size());
  }
  // Forgets all from the `count`-th on.
  void cut(std::size_t count) {
    ends_.resize(count);
    bytes_.resize(count == 0 ? 0 : ends_[count - 1]);
  }

 private:
  Buffer<char> bytes_;
  Buffer<std::uint64_t> ends_;
};

// The same, or none in their place. They are seldom looked at, and lie in the file of a run that has one.
class Strings {
 public:
  using Value = std::optional<std::string_view>;

  explicit Strings(std::shared_ptr<Spill> spill) : spill_(std::move(spill)) {}

  std::size_t size() const { return segments_.size() * kSegment + ends_.size(); }

  Value operator[](std::size_t i) const {
    const bool last = i / kSegment == segments_.size();
    const char* const bytes = last ? bytes_.data() : segments_[i / kSegment].bytes;
    const std::uint64_t* const ends = last ? ends_.data() : segments_[i / kSegment].ends;
    const std::size_t at = i % kSegment;
    if (ends[at] & kNone) return std::nullopt;
    const std::uint64_t begin = at == 0 ? 0 : ends[at - 1] & ~kNone;
    return std::string_view(bytes + begin, ends[at] - begin);
  }

  void push_back(const Value& value) {
    if (value) bytes_.append(value->data(), value->size());
    ends_.push_back(bytes_.size() | (value ? 0 : kNone));
    if (ends_.size() == kSegment) close();
  }

 private:
  static constexpr std::uint64_t kNone = std::uint64_t{1} << 63;
  static constexpr std::size_t kSegment = 1 << 14;

  struct Segment {
    const char* bytes;
    const std::uint64_t* ends;
  };
  struct Owned {
    Buffer<char> bytes;
    Buffer<std::uint64_t> ends;
  };

  void close() {
    segments_.reserve(segments_.size() + 1);
    if (spill_) {
      const char* bytes = spill_->keep(bytes_);
      segments_.push_back({bytes, spill_->keep(ends_)});
      return;
    }
    owned_.push_back({std::move(bytes_), std::move(ends_)});
    segments_.push_back({owned_.back().bytes.data(), owned_.back().ends.data()});
    bytes_ = {};
    ends_ = {};
  }

  std::shared_ptr<Spill> spill_;
  std::vector<Segment> segments_;  // full ones
  std::vector<Owned> owned_;
  Buffer<char> bytes_;  // of the last one
  Buffer<std::uint64_t> ends_;
};

// Strings of which no two are the same. With each comes a hash of it: a keyed one, so that no strings can be made that crowd
// one corner of the table.
class Names {
 public:
  std::size_t size() const { return strings_.size(); }
  std::string_view operator[](std::size_t i) const { return strings_[i]; }
  bool contains(std::string_view name, std::uint64_t hash) const {
    return !slots_.empty() && slots_[slot_of(name, tag_of(hash))].number != kNowhere;
  }

  // Takes in all of them, or none: false if one is there already, or twice among them.
  bool add(std::span<const std::string_view> names, std::span<const std::uint64_t> hashes) {
    const std::size_t before = size();
    reserve(before + names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::uint32_t tag = tag_of(hashes[i]);
      Slot& slot = slots_[slot_of(names[i], tag)];
      if (slot.number != kNowhere) {
        // The last ones first: none before them was ever turned away from their slots.
        for (; i-- > 0;) slots_[slot_of(names[i], tag_of(hashes[i]))].number = kNowhere;
        strings_.cut(before);
        return false;
      }
      slot = {static_cast<std::uint32_t>(size()), tag};
      strings_.push_back(names[i]);
    }
    return true;
  }

  // Their numbers in ascending order of their bytes, which is that of their code points.
  Buffer<std::uint32_t> order() const {
    struct Key {
      std::uint64_t begin;  // the first bytes: mostly enough to tell
      std::uint32_t number;
    };
    Buffer<Key> keys;
    keys.resize(size());
    for (std::size_t i = 0; i < size(); ++i) keys[i] = {begin_of((*this)[i]), static_cast<std::uint32_t>(i)};
    std::sort(keys.begin(), keys.end(), [this](const Key& x, const Key& y) {
      return x.begin != y.begin ? x.begin < y.begin : (*this)[x.number] < (*this)[y.number];
    });
    Buffer<std::uint32_t> numbers;
    numbers.resize(size());
    for (std::size_t i = 0; i < size(); ++i) numbers[i] = keys[i].number;
    return numbers;
  }

 private:
  static constexpr std::size_t kLeast = 16;

  static std::uint64_t begin_of(std::string_view name) {
    std::uint64_t begin = 0;
    for (std::size_t i = 0; i < sizeof begin; ++i)
      begin = begin << 8 | (i < name.size() ? static_cast<std::uint8_t>(name[i]) : 0);
    return begin;
  }

  struct Slot {
    std::uint32_t number, tag;  // kNowhere: empty
  };

  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash ^ hash >> 32); }

  // Where a name stands, or the empty slot where it would.
  std::size_t slot_of(std::string_view name, std::uint32_t tag) const {
    for (std::size_t at = tag & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.number == kNowhere || (slot.tag == tag && (*this)[slot.number] == name)) return at;
    }
  }

  void reserve(std::size_t names) {
    if (!slots_.empty() && names * 2 <= slots_.size()) return;
    Buffer<Slot> old;
    std::swap(old, slots_);
    slots_.resize(std::bit_ceil(std::max(names * 2, kLeast)));
    std::fill(slots_.begin(), slots_.end(), Slot{kNowhere, 0});
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.number == kNowhere) continue;
      std::size_t at = slot.tag & mask_;
      while (slots_[at].number != kNowhere) at = (at + 1) & mask_;
      slots_[at] = slot;
    }
  }

  std::size_t mask_ = 0;
  Flat strings_;
  Buffer<Slot> slots_;
};

}  // namespace dedup
