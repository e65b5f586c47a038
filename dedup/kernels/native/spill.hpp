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

#include "buffer.hpp"

namespace dedup {

// Hands out room in a file that is mapped, its bytes one after the other in one range of addresses. What is read or written
// there counts as resident memory until trim().
class Spill {
 public:
  // `file` is an empty one, open for reading and writing; it is grown here, and may be closed by the caller.
  explicit Spill(int file) {
    for (reach_ = kReach; base_ == nullptr; reach_ /= 2) {
      void* base = mmap(nullptr, reach_, PROT_NONE, kNothing, -1, 0);
      if (base == MAP_FAILED && reach_ <= kExtent) fail(errno);
      if (base == MAP_FAILED) continue;
      base_ = static_cast<char*>(base);
      break;
    }
    file_ = fcntl(file, F_DUPFD_CLOEXEC, 0);
    if (file_ < 0) {
      const int failure = errno;
      munmap(base_, reach_);
      fail(failure);
    }
    statistics_ = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  }
  Spill(const Spill&) = delete;
  Spill& operator=(const Spill&) = delete;
  ~Spill() {
    munmap(base_, reach_);
    close(file_);
    if (statistics_ >= 0) close(statistics_);
  }

  // The values of a buffer, which is emptied, at a place where they stay. std::system_error where the disk is full.
  template <class T>
  const T* keep(Buffer<T>& values) {
    const std::size_t bytes = values.size() * sizeof(T);
    if (bytes == 0) return nullptr;
    char* const place = take(bytes);
    write(place, reinterpret_cast<const char*>(values.data()), bytes);
    values = {};
    return reinterpret_cast<const T*>(place);
  }

  // A copy of `count` values that were kept, for who looks at them here and there: a page that is brought in by its address
  // brings others with it, and has to be let go again.
  template <class T>
  void read(const T* place, std::size_t count, Buffer<T>& out) const {
    out.resize(count);
    std::size_t done = 0;
    while (done < count * sizeof(T)) {
      const auto from = static_cast<off_t>(reinterpret_cast<const char*>(place) - base_ + done);
      const ssize_t got = pread(file_, reinterpret_cast<char*>(out.data()) + done, count * sizeof(T) - done, from);
      if (got == 0) fail(EIO);
      if (got < 0 && errno != EINTR) fail(errno);
      if (got > 0) done += static_cast<std::size_t>(got);
    }
  }

  // Room that is given back to the disk when it is done with.
  class Scratch {
   public:
    Scratch(Spill& spill, std::size_t bytes) : spill_(spill), bytes_((bytes + kExtent - 1) / kExtent * kExtent) {
      const std::lock_guard lock(spill_.mutex_);
      data_ = spill_.mapped(bytes_);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
      // The addresses stay taken. Where no hole can be made, the room on the disk does, too, until the end of the run.
      static_cast<void>(mmap(data_, bytes_, PROT_NONE, kNothing | MAP_FIXED, -1, 0));
#ifdef FALLOC_FL_PUNCH_HOLE
      static_cast<void>(fallocate(spill_.file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                  static_cast<off_t>(data_ - spill_.base_), static_cast<off_t>(bytes_)));
#endif
    }
    char* data() const { return data_; }

   private:
    Spill& spill_;
    std::size_t bytes_;
    char* data_;
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
    if (const std::size_t size = bytes()) madvise(base_, size, MADV_DONTNEED);
  }

  std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return size_;
  }

 private:
  static constexpr std::size_t kAlign = 64, kExtent = std::size_t{64} << 20, kReach = std::size_t{1} << 42;
  static constexpr int kNothing = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

  [[noreturn]] static void fail(int failure) { throw std::system_error(failure, std::generic_category(), "temporary file"); }

  // By calls: each page written by its address would have to be brought in, and let go again.
  void write(const char* place, const char* bytes, std::size_t count) const {
    for (std::size_t done = 0; done < count;) {
      const ssize_t put = pwrite(file_, bytes + done, count - done, static_cast<off_t>(place - base_ + done));
      if (put < 0 && errno != EINTR) fail(errno);
      if (put > 0) done += static_cast<std::size_t>(put);
    }
  }

  char* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes = (bytes + kAlign - 1) / kAlign * kAlign;
    if (next_ == nullptr || bytes > left_) {
      const std::size_t extent = (bytes + kExtent - 1) / kExtent * kExtent;
      char* const data = mapped(extent);
      // A single story could else bring in as much as the system keeps in one piece. An extent that is full may be read ahead.
      madvise(data, extent, MADV_RANDOM);
      if (extent_ != nullptr) madvise(extent_, extent_bytes_, MADV_NORMAL);
      extent_ = next_ = data;
      extent_bytes_ = left_ = extent;
    }
    char* const place = next_;
    next_ += bytes;
    left_ -= bytes;
    return place;
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
  char* mapped(std::size_t bytes) {
    if (size_ + bytes > reach_) fail(EFBIG);
    if (const int failure = lengthened(bytes)) fail(failure);
    char* const place = base_ + size_;
    const int how = MAP_SHARED | MAP_FIXED;
    if (mmap(place, bytes, PROT_READ | PROT_WRITE, how, file_, static_cast<off_t>(size_)) == MAP_FAILED) fail(errno);
    size_ += bytes;
    return place;
  }

  mutable std::mutex mutex_;
  int file_ = -1, statistics_ = -1;
  char* base_ = nullptr;
  std::size_t reach_ = 0, size_ = 0;
  char *extent_ = nullptr, *next_ = nullptr;  // the last extent for what is kept, and where it goes on
  std::size_t extent_bytes_ = 0, left_ = 0;
  mutable std::atomic<std::uint32_t> breaths_{0};
};

}  // namespace dedup
