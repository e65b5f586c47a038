// Memory that lies in a file: what a run keeps of its stories may be larger than the memory it is given.
#pragma once
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <system_error>
#include <vector>

#include "buffer.hpp"

namespace dedup {

// Hands out room in a file that is mapped in extents. What is read or written there counts as resident memory until trim().
class Spill {
  struct Extent {
    char* data;
    std::size_t bytes, place;
  };

 public:
  // `file` is an empty one, open for reading and writing; it is grown here, and may be closed by the caller.
  explicit Spill(int file)
      : file_(fcntl(file, F_DUPFD_CLOEXEC, 0)), statistics_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {
    if (file_ >= 0) return;
    const int failure = errno;
    if (statistics_ >= 0) close(statistics_);
    throw std::system_error(failure, std::generic_category(), "temporary file");
  }
  Spill(const Spill&) = delete;
  Spill& operator=(const Spill&) = delete;
  ~Spill() {
    for (const Extent& extent : extents_) munmap(extent.data, extent.bytes);
    close(file_);
    if (statistics_ >= 0) close(statistics_);
  }

  // The values of a buffer, which is emptied, at a place where they stay. std::system_error where the disk is full.
  template <class T>
  const T* keep(Buffer<T>& values) {
    const std::size_t bytes = values.size() * sizeof(T);
    if (bytes == 0) return nullptr;
    void* place = take(bytes);
    std::memcpy(place, values.data(), bytes);
    values = {};
    return static_cast<const T*>(place);
  }

  // Room that is given back to the disk when it is done with.
  class Scratch {
   public:
    Scratch(const Spill& spill, std::size_t bytes);
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch();
    char* data() const { return extent_.data; }

   private:
    const Spill& spill_;
    Extent extent_;
  };

  // Trims where the process has more than `most` bytes of memory, or now and then where the system does not say how many.
  void breathe(std::size_t most) const {
    constexpr std::uint32_t kNowAndThen = 1024;
    const std::size_t used = resident();
    if (used > most || (used == 0 && breaths_.fetch_add(1, std::memory_order_relaxed) % kNowAndThen == 0)) trim();
  }

  // Bytes of memory that the process has; 0 where the system does not say.
  std::size_t resident() const {
    char line[128];
    const ssize_t length = statistics_ < 0 ? -1 : pread(statistics_, line, sizeof line - 1, 0);
    unsigned long pages = 0;
    if (length <= 0) return 0;
    line[length] = 0;
    return std::sscanf(line, "%*u %lu", &pages) == 1 ? pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) : 0;
  }

  // Lets the system take back the memory of all pages; they are read again when they are needed.
  void trim() const {
    const std::lock_guard lock(mutex_);
    for (const Extent& extent : extents_) madvise(extent.data, extent.bytes, MADV_DONTNEED);
    for (const Extent& extent : scratch_) madvise(extent.data, extent.bytes, MADV_DONTNEED);
  }

  std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return size_;
  }

 private:
  static constexpr std::size_t kAlign = 64, kExtent = std::size_t{64} << 20;

  void* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes = (bytes + kAlign - 1) / kAlign * kAlign;
    if (extents_.empty() || used_ + bytes > extents_.back().bytes) grow((bytes + kExtent - 1) / kExtent * kExtent);
    void* place = extents_.back().data + used_;
    used_ += bytes;
    return place;
  }

  void grow(std::size_t bytes) {
    extents_.reserve(extents_.size() + 1);
    const Extent extent = mapped(bytes);
    // Written page by page, it is kept so, and read so: from the large pieces that the system would make of it, a single
    // story could bring in 2 MiB. An extent that is full may be read ahead.
    madvise(extent.data, bytes, MADV_RANDOM);
    if (!extents_.empty()) madvise(extents_.back().data, extents_.back().bytes, MADV_NORMAL);
    extents_.push_back(extent);
    used_ = 0;
  }

  // Grows the file, and gives what went wrong, or 0. A page of a file that finds no room on the disk would end the process
  // when it is written to, so the room is taken here, where the system has a call for it.
  int lengthened(std::size_t bytes) const {
#ifdef __linux__
    return posix_fallocate(file_, static_cast<off_t>(size_), static_cast<off_t>(bytes));
#else
    return ftruncate(file_, static_cast<off_t>(size_ + bytes)) == 0 ? 0 : errno;
#endif
  }

  // A further piece of the file. The lock must be held.
  Extent mapped(std::size_t bytes) const {
    if (const int failure = lengthened(bytes))
      throw std::system_error(failure, std::generic_category(), "temporary file");
    void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, static_cast<off_t>(size_));
    if (data == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "temporary file");
    const Extent extent{static_cast<char*>(data), bytes, size_};
    size_ += bytes;
    return extent;
  }

  mutable std::mutex mutex_;
  int file_, statistics_;
  mutable std::atomic<std::uint32_t> breaths_{0};
  mutable std::size_t size_ = 0;
  std::size_t used_ = 0;  // of the last extent
  std::vector<Extent> extents_;
  mutable std::vector<Extent> scratch_;
};

inline Spill::Scratch::Scratch(const Spill& spill, std::size_t bytes) : spill_(spill) {
  const std::lock_guard lock(spill_.mutex_);
  spill_.scratch_.reserve(spill_.scratch_.size() + 1);
  extent_ = spill_.mapped((bytes + kExtent - 1) / kExtent * kExtent);
  spill_.scratch_.push_back(extent_);
}

inline Spill::Scratch::~Scratch() {
  const std::lock_guard lock(spill_.mutex_);
  std::erase_if(spill_.scratch_, [this](const Extent& extent) { return extent.data == extent_.data; });
  munmap(extent_.data, extent_.bytes);
#ifdef FALLOC_FL_PUNCH_HOLE
  // Where that cannot be, the room is taken until the end of the run.
  static_cast<void>(fallocate(spill_.file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(extent_.place),
                              static_cast<off_t>(extent_.bytes)));
#endif
}

}  // namespace dedup
