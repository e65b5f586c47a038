// The stories of one run: texts, signatures, passage keys, laid flat in the blocks they came in. Story numbers count up
// from 0 in the order of the calls to add().
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#ifdef __GLIBC__  // known since the headers above
#include <malloc.h>
#endif

#include "buffer.hpp"
#include "parallel.hpp"
#include "sketch.hpp"
#include "spill.hpp"

namespace dedup {

// Piece bounds for sharing `sizes` among threads: [bounds[i], bounds[i+1]) holds about `piece_bytes`.
template <class SizeOf>
std::vector<std::size_t> pieces(std::size_t count, std::size_t piece_bytes, const SizeOf& size_of) {
  std::vector<std::size_t> bounds{0};
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bytes += size_of(i) + 64;
    if (bytes >= piece_bytes || i + 1 == count) {
      bounds.push_back(i + 1);
      bytes = 0;
    }
  }
  return bounds;
}

inline constexpr std::size_t kPieceBytes = 1 << 17;

// Calls work(i, sketcher) for each of `texts`, shared among threads by bytes.
template <class Work>
void for_each_text(std::span<const std::string_view> texts, std::size_t threads, const Work& work) {
  const auto bounds = pieces(texts.size(), kPieceBytes, [&](std::size_t i) { return texts[i].size(); });
  std::vector<Sketcher> sketchers(worker_count(threads, bounds.size() - 1));
  for_each_task(bounds.size() - 1, threads, [&](std::size_t task, std::size_t worker) {
    for (std::size_t i = bounds[task]; i < bounds[task + 1]; ++i) work(i, sketchers[worker]);
  });
}

class Corpus {
 public:
  // With a file to `spill` to, which is open and empty, texts and sketches lie there, and joins are made with what is left
  // of `memory` bytes, beside what they return.
  explicit Corpus(SketchSettings settings, int spill = -1, std::size_t memory = 0)
      : settings_(std::move(settings)), spill_(spill < 0 ? nullptr : std::make_shared<Spill>(spill)), memory_(memory) {}
  Corpus(const Corpus&) = delete;
  Corpus& operator=(const Corpus&) = delete;

  const SketchSettings& settings() const { return settings_; }
  std::size_t size() const { return stories_.size(); }
  std::size_t num_perm() const { return settings_.permutations.count; }
  std::string_view text(std::size_t i) const { return {stories_[i].text, stories_[i].text_bytes}; }
  std::span<const std::uint32_t> signature(std::size_t i) const { return {stories_[i].signature, num_perm()}; }
  // The same for who looks at a story here and one there: copied to `room` where they lie in a file.
  std::string_view text(std::size_t i, Buffer<char>& room) const {
    if (!spill_ || stories_[i].text_bytes == 0) return text(i);
    spill_->read(stories_[i].text, stories_[i].text_bytes, room);
    return {room.data(), room.size()};
  }
  std::span<const std::uint32_t> signature(std::size_t i, Buffer<std::uint32_t>& room) const {
    if (!spill_) return signature(i);
    spill_->read(stories_[i].signature, num_perm(), room);
    return {room.data(), room.size()};
  }
  std::size_t text_bytes(std::size_t i) const { return stories_[i].text_bytes; }
  std::span<const std::uint64_t> keys(std::size_t i) const { return {stories_[i].keys, stories_[i].key_count}; }
  std::uint64_t digest(std::size_t i) const { return stories_[i].digest; }
  std::uint32_t token_count(std::size_t i) const { return stories_[i].tokens; }
  Buffer<std::uint32_t> token_counts() const {
    const auto lock = reading();
    Buffer<std::uint32_t> counts;
    for (const Story& story : stories_) counts.push_back(story.tokens);
    return counts;
  }
  std::size_t locked_size() const {
    const auto lock = reading();
    return size();
  }
  // Bytes that a join may take for a while, or 0 for any number: an eighth of the memory, or what is left of half of it.
  std::size_t working_memory() const {
    if (!spill_) return 0;
    trim();
    const std::size_t used = resident(), most = memory_ / 2;
    return std::max(memory_ / 8, used < most ? most - used : 0);
  }
  // Lets go of what lies in the file, and of what was freed. Whatever else is done with the corpus may go on.
  void trim() const {
    if (!spill_) return;
    spill_->trim();
#ifdef __GLIBC__
    malloc_trim(0);
#endif
  }
  // The same once seven eighths of the memory are taken: called by all who read many stories, after some of them.
  void breathe() const {
    if (spill_) spill_->breathe(memory_ / 8 * 7);
  }
  std::size_t memory() const { return memory_; }
  const std::shared_ptr<Spill>& spill() const { return spill_; }
  std::size_t resident() const { return spill_ ? spill_->resident() : 0; }
  std::size_t spilled() const { return spill_ ? spill_->bytes() : 0; }
  bool has_shingles(std::size_t i) const { return stories_[i].tokens >= settings_.shingle; }

  // Python may call from several threads: held while a corpus is worked on, so that nothing is added meanwhile.
  [[nodiscard]] std::shared_lock<std::shared_mutex> reading() const { return std::shared_lock(mutex_); }

  // Copies and sketches `texts`, each of kMaxTextBytes at the most.
  void add(std::span<const std::string_view> texts, std::size_t threads) {
    const std::lock_guard lock(mutex_);
    const std::size_t first = stories_.size();
    if (first + texts.size() >= std::numeric_limits<std::uint32_t>::max())
      throw std::length_error("a run holds at most 4,294,967,294 stories");
    const auto bounds = pieces(texts.size(), kPieceBytes, [&](std::size_t i) { return texts[i].size(); });
    std::vector<Block> blocks(bounds.size() - 1);
    std::vector<Sketcher> sketchers(worker_count(threads, blocks.size()));
    blocks_.reserve(blocks_.size() + blocks.size());
    stories_.resize(first + texts.size());
    try {
      for_each_task(blocks.size(), threads, [&](std::size_t task, std::size_t worker) {
        const std::size_t begin = bounds[task], count = bounds[task + 1] - begin;
        fill(blocks[task], texts.subspan(begin, count), sketchers[worker], stories_.data() + first + begin);
        breathe();
      });
    } catch (...) {
      stories_.resize(first);
      throw;
    }
    if (!spill_)
      for (Block& block : blocks) blocks_.push_back(std::move(block));
  }

 private:
  struct Story {
    const char* text;
    const std::uint32_t* signature;
    const std::uint64_t* keys;
    std::uint64_t digest;
    std::uint32_t text_bytes, key_count, tokens;
  };
  struct Block {
    Buffer<char> text;
    Buffer<std::uint32_t> signatures;
    Buffer<std::uint64_t> keys;
  };

  void fill(Block& block, std::span<const std::string_view> texts, Sketcher& sketcher, Story* stories) const {
    std::size_t bytes = 0;
    for (const std::string_view text : texts) bytes += text.size();
    block.text.reserve(bytes);
    block.signatures.reserve(texts.size() * num_perm());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      sketch(texts[i], settings_, sketcher);
      block.text.append(texts[i].data(), texts[i].size());
      block.signatures.append(sketcher.minima.data(), num_perm());
      block.keys.append(sketcher.keys.data(), sketcher.keys.size());
      stories[i] = {nullptr, nullptr, nullptr, sketcher.digest, static_cast<std::uint32_t>(texts[i].size()),
                    static_cast<std::uint32_t>(sketcher.keys.size()), static_cast<std::uint32_t>(sketcher.tokens.size())};
    }
    // Keys come one story at a time and their buffer may move until here.
    const char* text = kept(block.text);
    const std::uint64_t* keys = kept(block.keys);
    const std::uint32_t* signatures = kept(block.signatures);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      stories[i].text = text;
      stories[i].keys = keys;
      stories[i].signature = signatures + i * num_perm();
      text += stories[i].text_bytes;
      keys += stories[i].key_count;
    }
  }

  template <class T>
  const T* kept(Buffer<T>& values) const {
    return spill_ ? spill_->keep(values) : values.data();
  }

  mutable std::shared_mutex mutex_;
  SketchSettings settings_;
  std::shared_ptr<Spill> spill_;
  std::size_t memory_;
  Buffer<Story> stories_;
  std::vector<Block> blocks_;
};

// Counts the stories that are looked at here and there, and lets the corpus breathe in time: the system brings in the pages
// around each of them, too, 64 KiB on Linux.
class Breath {
 public:
  explicit Breath(const Corpus& corpus) : corpus_(corpus), most_(std::max<std::size_t>(corpus.memory() >> 21, 16)) {}
  Breath(const Breath&) = delete;
  Breath& operator=(const Breath&) = delete;
  ~Breath() {
    if (taken_ > 0) corpus_.breathe();
  }
  void take(std::size_t stories) {
    if ((taken_ += stories) < most_) return;
    corpus_.breathe();
    taken_ = 0;
  }

 private:
  const Corpus& corpus_;
  std::size_t most_, taken_ = 0;
};

}  // namespace dedup
